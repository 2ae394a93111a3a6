# SPDX-License-Identifier: Apache-2.0
"""Conversations of the other protocols."""

import dataclasses

import wire
from flows import ORIGINAL, REPLY, Step


class Talk:
    """Messages back and forth. Subclasses say what messages look like."""

    name = ""

    def __init__(self, flow, random):
        self.flow, self.random = flow, random

    def step(self, kind, side, message, **header):
        return Step(f"{self.name} {kind}", self.flow, side, message, header)

    def body(self):
        return bytes(self.random.randrange(256) for _ in range(self.random.choice((0, 1, 16, 33, 120))))

    def message(self, side, body):
        raise NotImplementedError

    def header(self):
        found = {}
        if self.random.random() < 0.15:
            found["tos"] = self.random.choice((46 << 2, 10 << 2, 255, 1))
        if self.random.random() < 0.05:
            found["ttl"] = self.random.choice((2, 255, 128))
        return found

    def steps(self):
        for _ in range(self.random.randint(1, 4)):
            for side, chance in ((ORIGINAL, 1), (REPLY, 0.7)):
                while self.random.random() < chance:
                    body = self.body()
                    yield self.step("message", side, self.message(side, body), **self.header())
                    chance *= 0.3

    def odd(self):
        side = self.random.choice((ORIGINAL, REPLY))
        return self.step("message", side, self.message(side, self.body()), error=1)


class Udp(Talk):
    name = "udp"

    def message(self, side, body):
        return lambda sport, dport: wire.udp(sport, dport, body)

    def unsummed(self):
        side = self.random.choice((ORIGINAL, REPLY))

        def damage(data):
            start = wire.read(data).start
            return data[: start + 6] + b"\0\0" + data[start + 8 :]

        return dataclasses.replace(self.step("without checksum", side, self.message(side, self.body())), damage=damage)

    def odd(self):
        side, body, short = self.random.choice((ORIGINAL, REPLY)), self.body(), self.random.randrange(8)
        rows = (
            lambda: self.step("bad checksum", side, self.message(side, body), error=self.random.randint(1, 0xFFFE)),
            lambda: self.step("length too short", side, lambda sport, dport: wire.udp(sport, dport, body, short)),
            lambda: self.step("length too long", side, lambda sport, dport: wire.udp(sport, dport, body, len(body) + 9)),
            lambda: self.step("length short of all", side, lambda sport, dport: wire.udp(sport, dport, body + b"xy", len(body) + 8)),
            self.unsummed,
            lambda: self.step("message", side, self.message(side, body)),
        )
        return self.random.choice(rows)()


class Ping(Talk):
    """Queries with identifiers; for IPv4 timestamps as well."""

    name = "icmp"

    def __init__(self, flow, random):
        super().__init__(flow, random)
        self.kinds = (128, 129) if flow.ipv6 else random.choice(((8, 0), (8, 0), (8, 0), (13, 14), (15, 16), (17, 18)))
        self.sequence = 0

    def message(self, side, body):
        self.sequence += 1
        sequence, kind = self.sequence, self.kinds[side == REPLY]
        return lambda sport, dport: wire.echo(kind, sport if side == ORIGINAL else dport, sequence, body)

    def odd(self):
        side, body = self.random.choice((ORIGINAL, REPLY)), self.body()
        good, random = self.message(side, body), self.random
        kind = random.choice((0, 8, 14, 16, 18, 5, 4, 9, 10, 19, 40, 200) if not self.flow.ipv6 else (129, 5, 100, 140, 144, 200))
        rows = (
            lambda: self.step("bad checksum", side, good, error=random.randint(1, 0xFFFE)),
            lambda: self.step("other type", side, lambda sport, dport: wire.echo(kind, sport, 1, body)),
            lambda: self.step("code", side, lambda sport, dport: wire.icmp(self.kinds[0], 5, sport << 16, body)),
            lambda: self.step("unasked reply", REPLY, self.message(REPLY, body)),
        )
        return random.choice(rows)()


class Sctp(Talk):
    """An association (RFC 9260, section 5)."""

    name = "sctp"
    INIT, INIT_ACK, DATA, ABORT, SHUTDOWN, SHUTDOWN_ACK, COOKIE_ECHO, COOKIE_ACK, COMPLETE = 1, 2, 0, 6, 7, 8, 10, 11, 14

    def __init__(self, flow, random):
        super().__init__(flow, random)
        self.tags = {ORIGINAL: random.getrandbits(32) or 1, REPLY: random.getrandbits(32) or 1}

    def chunk(self, kind, side, number, value=b"", tag=None):
        to = self.tags[REPLY if side == ORIGINAL else ORIGINAL] if tag is None else tag
        return self.step(kind, side, lambda sport, dport: wire.sctp(sport, dport, to, (number, 0, value)))

    def init_value(self, side):
        return self.tags[side].to_bytes(4, "big") + bytes([0, 0, 64, 0, 0, 1, 0, 1, 0, 0, 0, 1])

    def steps(self):
        yield self.chunk("init", ORIGINAL, self.INIT, self.init_value(ORIGINAL), tag=0)
        if self.random.random() < 0.1:
            yield self.chunk("abort", REPLY, self.ABORT)
            return
        yield self.chunk("init-ack", REPLY, self.INIT_ACK, self.init_value(REPLY))
        yield self.chunk("cookie-echo", ORIGINAL, self.COOKIE_ECHO, b"cook")
        yield self.chunk("cookie-ack", REPLY, self.COOKIE_ACK)
        for _ in range(self.random.randint(0, 3)):
            yield self.chunk("data", self.random.choice((ORIGINAL, REPLY)), self.DATA, bytes(16))
        if self.random.random() < 0.5:
            yield self.chunk("shutdown", ORIGINAL, self.SHUTDOWN, bytes(4))
            yield self.chunk("shutdown-ack", REPLY, self.SHUTDOWN_ACK)
            yield self.chunk("shutdown-complete", ORIGINAL, self.COMPLETE)

    def odd(self):
        side = self.random.choice((ORIGINAL, REPLY))
        rows = (
            lambda: self.chunk("stray data", side, self.DATA, bytes(16)),
            lambda: self.chunk("wrong tag", side, self.DATA, bytes(16), tag=7),
            lambda: dataclasses.replace(self.chunk("bad checksum", side, self.DATA, bytes(16)), header={"error": 5}),
        )
        return self.random.choice(rows)()


class Other(Talk):
    """A protocol of which only the addresses are known."""

    name = "other"

    def message(self, side, body):
        return lambda sport, dport: bytes(8) + body  # of GRE: version 0, so that nobody reads it as PPTP's
