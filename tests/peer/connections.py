# SPDX-License-Identifier: Apache-2.0
"""Connections between hosts at the level of sockets: half-closed, reset, idle, at the end of a range of ports. Both ends
are in the hands of the test (hosts.Host.socket). Each function raises Failed, or OSError, where it is not as it should be."""

import contextlib
import errno
import hashlib
import itertools
import os
import socket
import struct
import threading
import time

from hosts import Failed, wait_until

SILENCE_SECONDS = 0.7  # in which what must not come would have come
PIECE = 1000
ABORT = struct.pack("ii", 1, 0)  # struct linger: close() resets the connection
numbers = itertools.count(20000)  # ports that no test has used yet


def closing(*sockets):
    stack = contextlib.ExitStack()
    for one in sockets:
        stack.enter_context(contextlib.closing(one))
    return stack


def family_of(address):
    return socket.AF_INET6 if ":" in address else socket.AF_INET


class Way:
    """How one host opens connections to another: where the listener is, and where the opener believes it to be."""

    def __init__(self, opener, listener, address, port=None, target=None):
        self.opener, self.listener, self.address, self.port, self.target = opener, listener, address, port, target

    def open(self, own_port=0, own_address=""):
        """Returns both ends, the opener's first."""
        family = family_of(self.address)
        listening = self.listener.socket(family=family, bind=(self.address, self.port or next(numbers)))
        with closing(listening):
            listening.listen()
            near = self.opener.socket(family=family, bind=(own_address, own_port) if own_port or own_address else None)
            near.connect(self.target or listening.getsockname()[:2])
            far, _ = listening.accept()
        far.settimeout(near.gettimeout())
        return near, far


def receive(end, length):
    data = bytearray()
    while len(data) < length:
        piece = end.recv(length - len(data))
        if not piece:
            raise Failed(f"the connection ended after {len(data)} of {length} bytes")
        data += piece
    return bytes(data)


def talk(near, far, length=PIECE):
    """Bytes each way."""
    for sender, receiver in ((near, far), (far, near)):
        data = os.urandom(length)
        sender.sendall(data)
        if receive(receiver, length) != data:
            raise Failed("other bytes arrived than were sent")


def ends(end):
    """The other side has finished."""
    if data := end.recv(PIECE):
        raise Failed(f"{len(data)} bytes, not the end")


def half_close(way):
    """One side has finished, the other goes on for a while."""
    near, far = way.open()
    with closing(near, far):
        talk(near, far)
        near.shutdown(socket.SHUT_WR)
        ends(far)
        for _ in range(5):
            far.sendall(bytes(20 * PIECE))
            receive(near, 20 * PIECE)
            time.sleep(0.1)
        far.shutdown(socket.SHUT_WR)
        ends(near)


def reset(way):
    """A reset reaches the other side, from either."""
    for swap in (False, True):
        near, far = way.open()
        left, right = (far, near) if swap else (near, far)
        with closing(right):
            talk(near, far)
            left.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, ABORT)
            left.close()
            try:
                right.recv(1)
            except ConnectionResetError:
                continue
            raise Failed("the connection ended in order, not by a reset")


def opened(way, port):
    """None while the opener still waits for its last acknowledgement."""
    try:
        return way.open(port)
    except OSError as error:
        if error.errno != errno.EADDRNOTAVAIL:
            raise
        return None


def reopen(way):
    """The same ports again, as soon as the connection is over."""
    port = next(numbers)
    way = Way(way.opener, way.listener, way.address, way.port or next(numbers), way.target)
    for _ in range(3):
        near, far = wait_until(lambda: opened(way, port), "the last segment of the connection before")
        with closing(near, far):
            talk(near, far)
            far.shutdown(socket.SHUT_WR)
            ends(near)
            near.close()
            ends(far)


def refused(way):
    """Nobody listens: TCP hears a reset, UDP an ICMP error."""
    target = way.target or (way.address, next(numbers))
    family = family_of(way.address)
    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
        near = way.opener.socket(kind, family)
        with closing(near):
            begin = time.monotonic()
            try:
                near.connect(target)
                near.send(b"?")
                near.recv(1)
            except ConnectionRefusedError:
                if time.monotonic() - begin > 3:
                    raise Failed("refused, but late") from None
                continue
            raise Failed("not refused")


def silent(way):
    """A connection attempt hears nothing at all."""
    near = way.opener.socket(family=family_of(way.address))
    near.settimeout(1.5)
    with closing(near):
        try:
            near.connect(way.target or (way.address, next(numbers)))
        except TimeoutError:
            return
        raise Failed("connected")


def comes_from(way, address):
    """The listener sees this address, and neither end knows better."""
    near, far = way.open()
    with closing(near, far):
        if far.getpeername()[0] != address:
            raise Failed(f"seen from {far.getpeername()[0]}, not {address}")
        talk(near, far)


def segments_at_most(way, limit):
    """What both ends put into a segment: close below what the appliance told them."""
    near, far = way.open()
    with closing(near, far):
        talk(near, far, 20 * PIECE)
        for end in (near, far):
            size = end.getsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG)
            if not limit - 40 <= size <= limit:
                raise Failed(f"segments of {size} bytes, not of {limit}")


class Stream:
    """A connection that carries bytes one way, steadily, until it is told to finish; none may be lost."""

    def __init__(self, way, bytes_each_second):
        self.ends = way.open()
        self.sent, self.received = hashlib.sha256(), hashlib.sha256()
        self.bytes = self.longest_wait = 0
        self.pause, self.stop, self.wrong = PIECE / bytes_each_second, threading.Event(), []
        for end in self.ends:
            end.settimeout(60)
        self.threads = [threading.Thread(target=self.attempt, args=(work,), daemon=True) for work in (self.send, self.receive)]
        for thread in self.threads:
            thread.start()

    def attempt(self, work):
        try:
            work()
        except OSError as error:
            self.wrong.append(f"{work.__name__}: {error}")

    def send(self):
        while not self.stop.wait(self.pause):
            data = os.urandom(PIECE)
            self.ends[0].sendall(data)
            self.sent.update(data)
        self.ends[0].shutdown(socket.SHUT_WR)

    def receive(self):
        last = time.monotonic()
        while data := self.ends[1].recv(1 << 16):
            self.received.update(data)
            self.bytes += len(data)
            now = time.monotonic()
            self.longest_wait, last = max(self.longest_wait, now - last), now

    def finish(self):
        """Raises where it was cut, lost a byte, or carried none."""
        self.stop.set()
        for thread in self.threads:
            thread.join(60)
        with closing(*self.ends):
            if self.wrong or any(thread.is_alive() for thread in self.threads):
                raise Failed(f"a connection broke: {'; '.join(self.wrong) or 'it hangs'}")
        if self.sent.digest() != self.received.digest() or not self.bytes:
            raise Failed(f"{self.bytes} bytes arrived, and they are not those that were sent")


# UDP


def echo(near, far, target, length=100):
    """A datagram there and one back. Returns the address it was seen to come from."""
    data = os.urandom(length)
    near.sendto(data, target)
    got, seen = far.recvfrom(65535)
    if got != data:
        raise Failed("another datagram arrived than was sent")
    far.sendto(data[::-1], seen)
    got, source = near.recvfrom(65535)
    if got != data[::-1] or source[:2] != tuple(target):
        raise Failed(f"the answer came from {source}, not {target}")
    return seen


def hears_nothing(end):
    end.settimeout(SILENCE_SECONDS)
    try:
        data, source = end.recvfrom(65535)
    except TimeoutError:
        return
    raise Failed(f"{len(data)} bytes came from {source}")


def datagrams(way, *lengths):
    """Of all lengths, those that travel in fragments as well, both ways."""
    family = family_of(way.address)
    far = way.listener.socket(socket.SOCK_DGRAM, family, (way.address, way.port or next(numbers)))
    near = way.opener.socket(socket.SOCK_DGRAM, family)
    with closing(near, far):
        for length in lengths:
            echo(near, far, way.target or far.getsockname()[:2], length)


def one_mapping(client, server, addresses, external):
    """Endpoint-independent mapping with address- and port-dependent filtering (RFC 4787, sections 4.1 and 5): everybody
    sees the same endpoint, and who was not spoken to gets nothing through to it."""
    near = client.socket(socket.SOCK_DGRAM)
    fars = [server.socket(socket.SOCK_DGRAM, bind=(address, next(numbers))) for address in addresses]
    stranger = server.socket(socket.SOCK_DGRAM, bind=(addresses[0], next(numbers)))
    with closing(near, stranger, *fars):
        seen = {echo(near, far, far.getsockname()) for far in fars}
        if len(seen) != 1 or {address for address, _ in seen} != {external}:
            raise Failed(f"seen as {seen}")
        stranger.sendto(b"let me in", *seen)
        hears_nothing(near)


def exhaustion(client, server, address, own_address, ports):
    """Whoever has only so many ports gets no more flows than that, and nobody else notices."""
    far = server.socket(socket.SOCK_DGRAM, bind=(address, next(numbers)))
    target = far.getsockname()
    narrow = [client.socket(socket.SOCK_DGRAM, bind=(own_address, next(numbers))) for _ in range(len(ports) + 2)]
    other = client.socket(socket.SOCK_DGRAM)
    with closing(far, other, *narrow):
        seen = {echo(near, far, target)[1] for near in narrow[: len(ports)]}
        if seen != set(ports):
            raise Failed(f"ports {seen}, not {set(ports)}")
        for near in narrow[len(ports) :]:
            near.sendto(b"and me", target)
        hears_nothing(far)
        far.settimeout(near.gettimeout())
        for near in (other, *narrow[: len(ports)]):
            near.settimeout(far.gettimeout())
            echo(near, far, target)
