# SPDX-License-Identifier: Apache-2.0
"""Those who are not who they say, and those who are too many: rows of test_wireguard_hostile, as in hostile_messages.py."""

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
from naive import INITIATION, Refused
from peer import APART_SECONDS, Silent

FLOOD_RATE, FLOOD_SECONDS = 20000, 12
EMULATED_FLOOD_RATE = 4000  # more than an emulated machine can answer, and less than fills its ring
FLOODED_TRIES = 5


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
    rate = EMULATED_FLOOD_RATE if world.gateway.is_emulated else FLOOD_RATE
    command = [sys.executable, flood.__file__, "udp", str(rate), str(FLOOD_SECONDS), world.gateway_mac(), "203.0.113.0/24",
               world.target[0], str(world.target[1]), message.hex()]
    with background(world.outside.words(*command), stdout=subprocess.DEVNULL) as process:
        time.sleep(1)
        yield
        if process.poll() is not None:
            raise Failed("the flood was over before the test")


def heard_in_a_flood(world, end, session):
    """What is said is heard, if not at once: the flood fills the ring of an emulated machine, and then anybody's datagram is
    lost."""
    for _ in range(FLOODED_TRIES - 1):
        with contextlib.suppress(Failed):
            return world.both_ways(end, session)
    return world.both_ways(end, session)


def under_load(world, end, other):
    """A session goes on, a new one needs a cookie, and a cookie is good for one address."""
    peer, second = world.peers[end], world.peers[other]
    session = peer.initiate()
    world.both_ways(end, session)
    time.sleep(APART_SECONDS)
    stolen = peer.initiation()[1]
    with flooded(world, stolen):
        for _ in range(10):
            heard_in_a_flood(world, end, session)
        cookie = asks_for_cookie(peer)
        if not cookie:
            raise Failed("no cookie is asked for in a flood")
        if not asks_for_cookie(second, cookie):
            raise Failed("a cookie that was given to another address is taken")
        if not asks_for_cookie(second, os.urandom(naive.MAC_BYTES)):
            raise Failed("any cookie is taken")
        if asks_for_cookie(peer, cookie):
            raise Failed("the cookie is not taken")
        heard_in_a_flood(world, end, session)
    time.sleep(2)
    world.both_ways(end, peer.initiate())
