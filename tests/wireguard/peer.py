# SPDX-License-Identifier: Apache-2.0
"""The naive implementation on a UDP socket: a peer that sends whatever a test wants, and says what came back."""

import itertools
import os
import socket
import time

import naive
from naive import Handshake, Refused

WAIT_SECONDS = 10
APART_SECONDS = 0.1  # between initiations of one peer: 20 a second are taken
LONGEST = 65535


class Silent(TimeoutError):
    """Nothing came that was waited for."""


class Peer:
    """Who has `private`, and speaks to who has `remote`'s private key, at the address `target`."""

    numbers = itertools.count(1)  # indices: any that are not in use

    def __init__(self, wire, target, private, remote, psk=naive.NO_PSK):
        self.wire, self.target, self.private, self.remote, self.psk = wire, target, private, remote, psk
        self.source = None  # of the last datagram

    # Datagrams

    def send(self, message):
        self.wire.sendto(message, self.target)

    def datagrams(self, seconds):
        """What comes until then."""
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0:
            self.wire.settimeout(left)
            try:
                message, self.source = self.wire.recvfrom(LONGEST)
            except socket.timeout:
                return
            yield message

    def expect(self, kind, seconds=WAIT_SECONDS):
        """The next message of a type; others are passed over."""
        passed = []
        for message in self.datagrams(seconds):
            if naive.kind(message) == kind:
                return message
            passed.append((naive.kind(message), len(message)))
        raise Silent(f"no message of type {kind} in {seconds} seconds, but (type, bytes) {passed}")

    def silence(self, seconds=1):
        """Nothing comes."""
        for message in self.datagrams(seconds):
            raise Silent(f"silence was expected, not a message of type {naive.kind(message)}, {len(message)} bytes")

    def drain(self):
        """What waits is forgotten."""
        self.wire.setblocking(False)
        try:
            while True:
                self.wire.recv(LONGEST)
        except BlockingIOError:
            pass

    # Handshakes

    def handshake(self):
        return Handshake(self.private, self.remote, self.psk)

    def initiation(self, timestamp=None, cookie=None, handshake=None):
        """A handshake that has begun, and its first message, which is not yet sent."""
        handshake = handshake or self.handshake()
        timestamp = timestamp or naive.tai64n(time.time_ns())
        message = handshake.make_initiation(os.urandom(32), next(self.numbers), timestamp)
        return handshake, naive.with_macs(message, self.remote, cookie)

    def finish(self, handshake, response):
        """What the initiator does with a response."""
        if not naive.mac1_is_right(response, naive.public_key(self.private)):
            raise Refused("mac1 of the response")
        handshake.take_response(response)
        return handshake.session(True)

    def initiate(self, **options):
        handshake, message = self.initiation(**options)
        self.send(message)
        return self.finish(handshake, self.expect(naive.RESPONSE))

    def response(self, initiation, ephemeral=None, cookie=None):
        """What the responder makes of an initiation, not yet sent."""
        if not naive.mac1_is_right(initiation, naive.public_key(self.private)):
            raise Refused("mac1 of the initiation")
        handshake = Handshake(self.private, None, self.psk)
        handshake.take_initiation(initiation)
        if handshake.peer != self.remote:
            raise Refused("an initiation from somebody else")
        message = handshake.make_response(ephemeral or os.urandom(32), next(self.numbers))
        return handshake, naive.with_macs(message, self.remote, cookie)

    def answer(self, seconds=WAIT_SECONDS):
        """Waits for an initiation and answers where it came from."""
        handshake, message = self.response(self.expect(naive.INITIATION, seconds))
        self.target = self.source
        self.send(message)
        return handshake.session(False)

    # Packets

    def receive(self, session, seconds=WAIT_SECONDS):
        """The next packet that is none of the keepalives, with its padding."""
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0:
            if plain := session.unseal(self.expect(naive.TRANSPORT, left)):
                return plain
        raise Silent(f"nothing but keepalives in {seconds} seconds")
