# SPDX-License-Identifier: Apache-2.0
"""Every message of WireGuard's, cut at every byte and flipped at every bit: rows of test_wireguard_hostile. Each raises Failed where
the gateway does something else than drop them under the name they should have, and go on.

`world` has the naive peers and the client behind the gateway (test_wireguard_hostile.World)."""

import os
import time

import inside
import naive
from hosts import Failed
from naive import INITIATION, MACS_BYTES, NO_MAC2
from peer import APART_SECONDS

BATCH, BATCH_SECONDS = 20, 0.005  # no queue on the way overflows
THOUGHTFUL_SECONDS = 0.01  # between messages that cost Diffie-Hellman: it is not to think that it is flooded
RETRY_SECONDS = naive.REKEY_TIMEOUT_SECONDS + 3


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
