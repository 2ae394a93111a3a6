# SPDX-License-Identifier: Apache-2.0
"""What someone on the way, or a peer, may do to WireGuard's messages: the rows of test_wireguard_hostile. Each raises Failed
where the gateway does something else than drop what it should drop, under the name it should have, and go on.

`world` has the naive peers and the client behind the gateway (test_wireguard_hostile.World)."""

import contextlib
import os
import struct
import subprocess
import sys
import time

import flood
import inside
import naive
import vectors
from hosts import Failed, background
from naive import INITIATION, MACS_BYTES, NO_MAC2, Refused
from peer import Silent

BATCH, BATCH_SECONDS = 20, 0.005  # no queue on the way overflows
THOUGHTFUL_SECONDS = 0.01  # between messages that cost Diffie-Hellman: it is not to think that it is flooded
APART_SECONDS = 0.1  # between initiations of one peer: 20 a second are taken
RETRY_SECONDS = naive.REKEY_TIMEOUT_SECONDS + 3
FLOOD_RATE, FLOOD_SECONDS = 20000, 12


def cuts(message):
    return [message[:length] for length in range(len(message))]


def flips(message, first=0, last=None):
    """Each bit of bytes first to last."""
    return [flipped(message, bit) for bit in range(first * 8, (len(message) if last is None else last) * 8)]


def flipped(message, bit):
    return message[: bit // 8] + bytes([message[bit // 8] ^ 1 << bit % 8]) + message[bit // 8 + 1 :]


def sealed_flips(message, receiver, first):
    """One bit of each byte from `first` on, with a mac1 that is right."""
    body = message[:-MACS_BYTES]
    return [naive.with_macs(flipped(body, at * 8 + at % 8), receiver) for at in range(first, len(body))]


def send_all(peer, messages):
    for number, message in enumerate(messages):
        peer.send(message)
        if number % BATCH == 0:
            time.sleep(BATCH_SECONDS)


def send_slowly(peer, messages):
    for message in messages:
        peer.send(message)
        time.sleep(THOUGHTFUL_SECONDS)


# Every message, cut at every byte and flipped at every bit


def initiations(world, end):
    """The message itself is still good after all that was made of it."""
    peer = world.peers[end]
    old = peer.initiate()
    world.both_ways(end, old)
    time.sleep(APART_SECONDS)
    handshake, message = peer.initiation()
    longer = [message + b"\0", message + message]
    wrong = cuts(message) + longer + flips(message, 0, len(message) - naive.MAC_BYTES)
    with world.gateway.drops(len(wrong), "wg-length", "wg-type", "wg-mac"):
        send_all(peer, wrong)
        peer.silence()
    wrong = sealed_flips(message, end.net.public, 8)
    with world.gateway.drops(len(wrong), "wg-handshake"):
        send_slowly(peer, wrong)
        peer.silence()
    world.both_ways(end, old)
    peer.send(message)
    world.both_ways(end, peer.finish(handshake, peer.expect(naive.RESPONSE)))


def responses(world, end):
    """The gateway called, and still takes the right response, after all that was made of it."""
    peer = world.peers[end]
    with world.gateway.drops(*responses_to_drop()):
        world.client_sends(end, b"first")
        handshake, right = peer.response(peer.expect(INITIATION))
        send_all(peer, cuts(right) + [right + b"\0"] + flips(right, 0, len(right) - naive.MAC_BYTES))
        send_slowly(peer, sealed_flips(right, end.net.public, 8))
        send_slowly(peer, [forged_response(right, end)])
        peer.silence(0.3)
        peer.send(right)
        session = handshake.session(False)
        if inside.data_of(naive.unpadded(peer.receive(session))) != b"first":
            raise Failed("what waited for the session is lost")
    world.both_ways(end, session)


def responses_to_drop():
    length = naive.RESPONSE_BYTES
    count = length + 1 + 8 * (length - naive.MAC_BYTES) + (length - MACS_BYTES - 8) + 1
    return count, "wg-length", "wg-type", "wg-mac", "wg-handshake", "wg-unknown-session"


def forged_response(right, end):
    """All that someone can make who has the gateway's private key, but not the peer's: section 6.1 of the paper's claim
    that who has my key can't pretend to me to be another."""
    return naive.with_macs(right[:12] + naive.public_key(os.urandom(32)) + os.urandom(naive.MAC_BYTES), end.net.public)


def cookie_replies(world, end):
    """None of the wrong ones is used, and the right one is, once."""
    peer = world.peers[end]
    cookie, other = os.urandom(naive.MAC_BYTES), os.urandom(naive.MAC_BYTES)
    reply = lambda message, value: naive.make_cookie_reply(message, end.public, value, os.urandom(naive.XNONCE_BYTES))
    names = "wg-length", "wg-type", "wg-cookie", "wg-unknown-session"
    length = naive.COOKIE_REPLY_BYTES
    with world.gateway.drops(length + 1 + 8 * length, *names):
        world.client_sends(end, b"first")
        first = peer.expect(INITIATION)
        right = reply(first, other)
        send_all(peer, cuts(right) + [right + b"\0"] + flips(right))
        second = peer.expect(INITIATION, RETRY_SECONDS)
    if naive.mac2_of(first) != NO_MAC2 or naive.mac2_of(second) != NO_MAC2:
        raise Failed("mac2, and there was no cookie")
    peer.send(reply(second, cookie))
    third = peer.expect(INITIATION, RETRY_SECONDS)
    if not naive.mac2_is_right(third, cookie):
        raise Failed("mac2 is not made with the cookie")
    with world.gateway.drops(2, *names):
        peer.send(reply(second, other))
        peer.send(reply(first, other))
        fourth = peer.expect(INITIATION, RETRY_SECONDS)
    if not naive.mac2_is_right(fourth, cookie):
        raise Failed("a cookie reply to an initiation of before is used")
    handshake, response = peer.response(fourth)
    peer.send(response)
    session = handshake.session(False)
    if inside.data_of(naive.unpadded(peer.receive(session))) != b"first":
        raise Failed("what waited for the session is lost")
    world.both_ways(end, session)


def transport(world, end):
    peer = world.peers[end]
    session = peer.initiate()
    world.both_ways(end, session)
    right = session.seal(world.to_client(end, b"right"))
    wrong = cuts(right) + flips(right)
    with world.gateway.drops(len(wrong), "wg-length", "wg-type", "wg-unknown-session", "wg-forged"):
        send_all(peer, wrong)
        peer.silence()
        world.client_hears_nothing()
    peer.send(right)
    world.client_hears(b"right")
    with world.gateway.drops(3, "wg-replay"):
        for _ in range(3):
            peer.send(right)
        world.client_hears_nothing()
    world.both_ways(end, session)


# Counters, addresses, what is inside


def counters(world, end):
    """Each once, late ones too, but not those that are older than the window."""
    peer = world.peers[end]
    session = peer.initiate()
    deliver = lambda counter: peer.send(session.seal(world.to_client(end, struct.pack("!Q", counter)), counter))
    for counter in (0, 7, 5, 6, 1, 2000, 1001, 1999, 2**32, 2**32 - 1000, 2**32 + 64, 2**32 + 63):
        deliver(counter)
        world.client_hears(struct.pack("!Q", counter))
    again = [7, 5, 1, 0, 2000, 2**32 - 100_000, 2**32, 2**32 + 64, 2**32 - 1000]
    with world.gateway.drops(len(again), "wg-replay"):
        for counter in again:
            deliver(counter)
        world.client_hears_nothing()
    with world.gateway.drops(2, "wg-replay", "wg-expired"):
        deliver(naive.REJECT_AFTER_MESSAGES)
        deliver(2**64 - 1)
        world.client_hears_nothing()
    deliver(2**32 + 65)
    world.client_hears(struct.pack("!Q", 2**32 + 65))


def wrong_inside(world, end, other):
    peer = world.peers[end]
    session = peer.initiate()
    right4, right6 = world.to_client(end, b"right"), world.to_client(end, b"right", ipv6=True)
    foreign = [world.to_client(other, b"wrong", ipv6=ipv6) for ipv6 in (False, True)]
    with world.gateway.drops(len(foreign), "wg-allowed-ips"):
        for packet in foreign:
            peer.send(session.seal(packet))
        world.client_hears_nothing()
    longer = right4[:2] + struct.pack("!H", 200) + right4[4:]
    broken = [b"\x50" + right4[1:], right4[:16], longer, right6[:32], right6[:4] + struct.pack("!H", 200) + right6[6:], bytes(16), b"\0"]
    with world.gateway.drops(len(broken), "wg-inner"):
        for packet in broken:
            peer.send(session.seal(packet))
        world.client_hears_nothing()
    with world.gateway.drops(0):
        peer.send(session.seal(b""))
    world.both_ways(end, session)


# Who is not who he says


def stranger(world, end):
    """The gateway's key is public, so anybody can make an initiation with a right mac1."""
    peer = world.peers[end]
    handshake = naive.Handshake(vectors.private_key("stranger"), end.net.public)
    _, message = peer.initiation(handshake=handshake)
    with world.gateway.drops(1, "wg-stranger"):
        peer.send(message)
        peer.silence()


def stolen_initiation(world, end):
    """Replayed by someone else, it is not answered, and what is to go to the peer still goes there."""
    peer = world.peers[end]
    handshake, stolen = peer.initiation()
    peer.send(stolen)
    peer.finish(handshake, peer.expect(naive.RESPONSE))
    time.sleep(APART_SECONDS)
    session = peer.initiate()
    world.both_ways(end, session)
    with world.gateway.drops(4, "wg-stale"):
        for thief in (world.mallory, world.mallory, peer, peer):
            thief.send(stolen)
            time.sleep(APART_SECONDS)
        world.mallory.silence()
    world.client_sends(end, b"for the peer")
    if inside.data_of(naive.unpadded(peer.receive(session))) != b"for the peer":
        raise Failed("it went elsewhere")
    world.both_ways(end, session)


def older_initiation(world, end):
    """Timestamps only grow."""
    peer = world.peers[end]
    peer.initiate(timestamp=naive.tai64n(time.time_ns() + 1000))
    time.sleep(APART_SECONDS)
    with world.gateway.drops(2, "wg-stale"):
        for earlier in (naive.tai64n(time.time_ns() - 3600 * naive.NANOSECONDS), bytes(12)):
            peer.send(peer.initiation(timestamp=earlier)[1])
            time.sleep(APART_SECONDS)
        peer.silence()


def made_with_the_gateways_key(end):
    """An initiation in the name of a peer, by someone who has the gateway's private key: its static-static secret is the
    same from both sides. (Index 99, ephemeral key known.)"""
    ephemeral, noise = os.urandom(32), naive.Noise(end.net.public, {})
    public = naive.public_key(ephemeral)
    noise.mix_chain("e", public)
    noise.mix_hash("e", public)
    static = noise.seal("static", noise.mix_dh("es", ephemeral, end.net.public), end.public)
    timestamp = noise.seal("timestamp", noise.mix_dh("ss", end.net.private, end.public), naive.tai64n(time.time_ns()))
    return noise, ephemeral, naive.with_macs(naive.header(INITIATION, 99) + public + static + timestamp, end.net.public)


def key_compromise(world, end):
    """Who has the gateway's key can begin in a peer's name, but not end: without the peer's key there is no session. Packets
    with any other are dropped, nothing is sent to such a session, and the peer's own goes on."""
    peer, mallory = world.peers[end], world.mallory
    session = peer.initiate()
    world.both_ways(end, session)
    time.sleep(APART_SECONDS)
    noise, ephemeral, message = made_with_the_gateways_key(end)
    mallory.send(message)
    response = mallory.expect(naive.RESPONSE)
    index = struct.unpack_from("<I", response, 4)[0]
    noise.mix_dh("ee", ephemeral, response[12:44])
    guesses = [naive.Session(*naive.hkdf(chain, b"", 2), 99, index) for chain in (noise.chain, bytes(32))]
    with world.gateway.drops(len(guesses), "wg-forged"):
        for guess in guesses:
            mallory.send(guess.seal(world.to_client(end, b"from mallory")))
        world.client_hears_nothing()
    world.both_ways(end, session)


def unconfirmed(world, end):
    """The responder sends no packet before the initiator has shown that it has the keys."""
    peer = world.peers[end]
    session = peer.initiate()
    world.client_sends(end, b"patience")
    for message in peer.datagrams(2):
        if naive.kind(message) == naive.TRANSPORT:
            raise Failed("a packet in a session that nobody confirmed")
    peer.send(session.seal(b""))
    if inside.data_of(naive.unpadded(peer.receive(session))) != b"patience":
        raise Failed("what waited is lost")
    world.both_ways(end, session)


# Under load


def cookie_of(peer, message_and_handshake, reply):
    handshake, message = message_and_handshake
    return naive.take_cookie_reply(reply, handshake.index, naive.mac1_of(message), peer.remote)


def asks_for_cookie(peer, cookie=None):
    """Sends an initiation. Returns the cookie that is asked for, None when the answer was a response."""
    begun = peer.initiation(cookie=cookie)
    peer.drain()
    peer.send(begun[1])
    for message in peer.datagrams(3):
        if naive.kind(message) == naive.COOKIE_REPLY:
            with contextlib.suppress(Refused):
                return cookie_of(peer, begun, message)
        if naive.kind(message) == naive.RESPONSE:
            return None
    raise Silent("neither a response nor a cookie reply")


@contextlib.contextmanager
def flooded(world, message):
    """An initiation with a right mac1, from addresses that did not send it."""
    command = [sys.executable, flood.__file__, "udp", str(FLOOD_RATE), str(FLOOD_SECONDS), world.gateway_mac(), "203.0.113.0/24",
               world.target[0], str(world.target[1]), message.hex()]
    with background(world.outside.words(*command), stdout=subprocess.DEVNULL) as process:
        time.sleep(1)
        yield
        if process.poll() is not None:
            raise Failed("the flood was over before the test")


def under_load(world, end, other):
    """A session goes on, a new one needs a cookie, and a cookie is good for one address."""
    peer, second = world.peers[end], world.peers[other]
    session = peer.initiate()
    world.both_ways(end, session)
    time.sleep(APART_SECONDS)
    stolen = peer.initiation()[1]
    with flooded(world, stolen):
        for _ in range(10):
            world.both_ways(end, session)
        cookie = asks_for_cookie(peer)
        if not cookie:
            raise Failed("no cookie is asked for in a flood")
        if not asks_for_cookie(second, cookie):
            raise Failed("a cookie that was given to another address is taken")
        if not asks_for_cookie(second, os.urandom(naive.MAC_BYTES)):
            raise Failed("any cookie is taken")
        if asks_for_cookie(peer, cookie):
            raise Failed("the cookie is not taken")
        world.both_ways(end, session)
    time.sleep(2)
    world.both_ways(end, peer.initiate())


# What goes in and out


ECN_NOT, ECT1, ECT0, CE = 0, 1, 2, 3
DSCP = 0x2E << 2  # expedited forwarding
# RFC 6040, figure 4: what comes out, by what is inside (rows) and outside, in the order of the numbers. None: dropped.
DECAPSULATED = {ECN_NOT: [ECN_NOT, ECN_NOT, ECN_NOT, None], ECT1: [ECT1, ECT1, ECT1, CE], ECT0: [ECT0, ECT1, ECT0, CE], CE: [CE] * 4}


def ecn_out(world, end):
    """RFC 6040, section 4.1, normal mode, and the DSCP with it (RFC 2983): outside as inside."""
    peer = world.peers[end]
    session = peer.initiate()
    world.both_ways(end, session)
    for ipv6 in (False, True):
        for tos in (ECN_NOT, ECT1, ECT0, CE, DSCP, DSCP | ECT0):
            world.client_sends(end, b"tos", ipv6=ipv6, tos=tos)
            packet, outer = world.receive_with_tos(end, session)
            if inside.tos_of(packet) != tos or outer != tos:
                raise Failed(f"IPv{'6' if ipv6 else '4'} with {tos:#x} has {inside.tos_of(packet):#x} inside, {outer:#x} outside")


def ecn_in(world, end):
    """RFC 6040, section 4.2, each cell. The DSCP inside stays."""
    peer = world.peers[end]
    session = peer.initiate()
    world.both_ways(end, session)
    for ipv6 in (False, True):
        for inner, row in DECAPSULATED.items():
            for outer, expected in enumerate(row):
                world.sends_with_tos(end, session.seal(world.to_client(end, b"ecn", ipv6=ipv6, tos=DSCP | inner)), outer)
                found = world.client_hears_tos(expected is not None)
                if expected is not None and found != DSCP | expected:
                    raise Failed(f"inside {inner}, outside {outer}: {found:#x}, not {DSCP | expected:#x}")
    world.both_ways(end, session)


def padding(world, end):
    """Multiples of 16 bytes, of zeros, but nothing beyond the MTU."""
    peer, mtu = world.peers[end], end.net.mtu
    session = peer.initiate()
    world.both_ways(end, session)
    for ipv6, header in ((False, 28), (True, 48)):
        for length in (*range(header, header + 18), *range(mtu - 20, mtu + 1)):
            world.client_sends(end, bytes(length - header), ipv6=ipv6)
            plain = peer.receive(session)
            if len(plain) != len(naive.padded(bytes(length), mtu)) or plain[length:].strip(b"\0") or len(naive.unpadded(plain)) != length:
                raise Failed(f"{length} bytes in a tunnel of {mtu}: {len(plain)} are sealed, ending {plain[-16:].hex()}")
