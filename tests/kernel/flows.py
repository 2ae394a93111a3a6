# SPDX-License-Identifier: Apache-2.0
"""Conversations: what two hosts say to each other through the router, as they would if all arrived.

A conversation is a Python generator of steps. A step does not say addresses: where NAT is at work, what the far side sees
is known only when the first packet has come out, and may differ between the two routers. So a step is a function of a
World, which is what one router has let out so far.
"""

import dataclasses

import network
import wire

ORIGINAL, REPLY = "original", "reply"


@dataclasses.dataclass
class Ends:
    """One direction's packets as they are on a link."""

    port: network.Port
    source: str
    sport: int
    destination: str
    dport: int


class World:
    """What came out of one router: frames by the number of the packet they are of, and flows as seen behind it."""

    def __init__(self):
        self.out = {}  # number: [(port's name, IP packet)]
        self.ends = {}  # flow's number: Ends of its original direction, as they were last
        self.all_ends = []  # (flow's number, Ends)

    def note(self, step, port, packet):
        self.out.setdefault(step.number, []).append((port, packet))
        flow = step.flow
        if flow is None or step.direction != ORIGINAL:
            return
        seen = wire.read(packet)
        whole = seen.sport is not None or flow.protocol in wire.WITHOUT_PORTS
        if seen.protocol == flow.protocol and not seen.offset and not seen.is_error and whole:
            sport = seen.sport if seen.sport is not None else flow.sport
            dport = seen.dport if seen.dport is not None else sport
            ends = Ends(network.BY_NAME[port], wire.text(seen.source), sport, wire.text(seen.destination), dport)
            if ends != self.ends.get(flow.number):
                self.ends[flow.number] = ends
                self.all_ends.append((flow.number, ends))


@dataclasses.dataclass
class Flow:
    number: int
    protocol: int
    client: network.Port
    source: str
    sport: int
    destination: str
    dport: int

    @property
    def ipv6(self):
        return ":" in self.source

    def beyond(self, world):
        """The flow as it is seen behind the router."""
        ends = world.ends.get(self.number)
        return ends or Ends(network.port_towards(self.destination), self.source, self.sport, self.destination, self.dport)

    def ends(self, direction, world):
        if direction == ORIGINAL:
            return Ends(self.client, self.source, self.sport, self.destination, self.dport)
        far = self.beyond(world)
        return Ends(far.port, far.destination, far.dport, far.source, far.sport)


@dataclasses.dataclass
class Step:
    """One frame to be sent. `message` makes the transport part for two ports; `header` goes to wire.ip."""

    kind: str
    flow: Flow
    direction: str
    message: object
    header: dict = dataclasses.field(default_factory=dict)
    damage: object = None  # changes the finished IP packet
    ether: object = None  # changes the finished frame
    place: object = None  # (port's name, IP packet) of a world, in place of all that: for ICMP errors
    number: int = 0  # in the order of sending, from 1; also in the packet itself
    group: int = 0  # number of the first fragment of its datagram, or its own
    together: bool = False  # arrives in one burst with the one before it

    def packet(self, world):
        """(port, IP packet)."""
        if self.place:
            return self.place(world, self.group)
        ends = self.flow.ends(self.direction, world)
        data = wire.ip(ends.source, ends.destination, self.flow.protocol, self.message(ends.sport, ends.dport), self.group,
                       **self.header)
        return ends.port, self.damage(data) if self.damage else data

    def frame(self, world):
        """(port's name, frame)."""
        port, data = self.packet(world)
        kind = b"\x86\xdd" if data[:1] >= b"\x60" and data[:1] < b"\x70" else b"\x08\0"
        frame = port.mac + port.far_mac + kind + data
        return port.name, self.ether(frame) if self.ether else frame


class TcpEnd:
    def __init__(self, random):
        self.seq = random.choice((0, 1000, 0xFFFFFF00, random.getrandbits(32)))
        self.window = random.choice((512, 8192, 65535))
        self.scale = random.choice((None, None, 0, 2, 7))


class Tcp:
    """A TCP connection: both ends' numbers, and segments made of them."""

    def __init__(self, flow, random, orderly=False):
        self.flow, self.random, self.orderly = flow, random, orderly
        self.ends = {ORIGINAL: TcpEnd(random), REPLY: TcpEnd(random)}
        self.opened = False
        self.flight = {ORIGINAL: 0, REPLY: 0}  # bytes that are not acknowledged
        self.last = []  # segments that were sent, to be sent again

    def other(self, side):
        return REPLY if side == ORIGINAL else ORIGINAL

    def segment(self, kind, side, flags, payload=b"", seq=None, ack=None, window=None, options=b"", urgent=0, words=None,
                **header):
        """A step. seq and ack: what to add to the end's own numbers; None: these."""
        me, peer = self.ends[side], self.ends[self.other(side)]
        number = me.seq + (seq or 0)
        acked = (peer.seq + (ack or 0)) if flags & wire.ACK or ack is not None else 0
        size = me.window if window is None else window

        def message(sport, dport):
            return wire.tcp(sport, dport, flags, number, acked, size, options, payload, urgent, words)

        return Step(f"tcp {kind}", self.flow, side, message, header)

    def advance(self, side, payload=b"", flags=0):
        self.ends[side].seq += len(payload) + bool(flags & wire.SYN) + bool(flags & wire.FIN)

    def say(self, kind, side, flags, payload=b"", **more):
        step = self.segment(kind, side, flags, payload, **more)
        self.advance(side, payload, flags)
        self.last = self.last[-5:] + [step]
        return step

    def options(self, side, answering=False):
        end, peer = self.ends[side], self.ends[self.other(side)]
        out = b"\x02\x04\x05\xb4"
        if self.random.random() < 0.5:
            out += b"\x04\x02\x01\x01"
        if end.scale is not None and not (answering and peer.scale is None and self.random.random() < 0.9):
            out += bytes([1, 3, 3, end.scale])
        return out

    def open(self):
        random, way = self.random, self.random.random()
        yield self.say("syn", ORIGINAL, wire.SYN, options=self.options(ORIGINAL))
        if way < 0.08:
            return  # nobody answers
        if way < 0.16:
            yield self.segment("syn answered by reset", REPLY, wire.RST | wire.ACK, seq=-self.ends[REPLY].seq)
            return
        if way < 0.22:  # RFC 9293, section 3.5, figure 7
            yield self.say("simultaneous syn", REPLY, wire.SYN, options=self.options(REPLY))
            for side in (ORIGINAL, REPLY):
                yield self.segment("simultaneous syn-ack", side, wire.SYN | wire.ACK, seq=-1)
            self.opened = True
            return
        if random.random() < 0.1:
            yield self.segment("syn again", ORIGINAL, wire.SYN, seq=-1)
        flags = wire.SYN | wire.ACK | (wire.ECE if random.random() < 0.1 else 0)
        yield self.say("syn-ack", REPLY, flags, options=self.options(REPLY, True))
        if random.random() < 0.1:
            yield self.segment("syn-ack again", REPLY, wire.SYN | wire.ACK, seq=-1)
        yield self.say("ack", ORIGINAL, wire.ACK)
        self.opened = True

    def talk(self):
        for _ in range(self.random.randint(0, 4)):
            side = self.random.choice((ORIGINAL, REPLY))
            for _ in range(self.random.randint(1, 3)):
                room = self.ends[self.other(side)].window - self.flight[side]
                size = min(self.random.choice((1, 10, 100, 400)), room)
                if size == 0:
                    break
                self.flight[side] += size
                yield self.say("data", side, wire.ACK | wire.PSH, bytes(size))
            if self.random.random() < 0.8:
                self.flight[side] = 0
                yield self.say("ack", self.other(side), wire.ACK)

    def close(self):
        way, first = self.random.random(), self.random.choice((ORIGINAL, REPLY))
        second = self.other(first)
        if way < 0.2:
            yield self.say("reset", first, wire.RST | (wire.ACK if self.random.random() < 0.5 else 0))
            return
        if way < 0.35:
            return
        yield self.say("fin", first, wire.FIN | wire.ACK)
        if way < 0.5:  # both at once
            yield self.segment("fin at once", second, wire.FIN | wire.ACK, ack=-1)
            self.advance(second, flags=wire.FIN)
        else:
            if self.random.random() < 0.7:
                yield self.say("ack of fin", second, wire.ACK)
            if self.random.random() < 0.3:
                yield self.say("data after half close", second, wire.ACK, bytes(20))
            yield self.say("fin", second, wire.FIN | wire.ACK)
        yield self.say("ack of fin", first, wire.ACK)
        if way < 0.75:
            yield self.say("ack of fin", second, wire.ACK)

    def reopen(self):
        """The same ends again (RFC 6191); sometimes with numbers that go back, unless all shall be in order."""
        for end in self.ends.values():
            end.seq += self.random.choice((100, 100000, 5000000) + (-5000000,) * (self.opened and not self.orderly))
        self.opened, self.flight = False, {ORIGINAL: 0, REPLY: 0}
        yield from self.open()
        if self.opened:
            yield from self.talk()

    def steps(self):
        yield from self.open()
        if self.opened:
            yield from self.talk()
            yield from self.close()
        if self.random.random() < 0.2:
            yield from self.reopen()

    def odd(self):
        """Something that does not fit, or hardly."""
        random = self.random
        side = random.choice((ORIGINAL, REPLY))
        ack, rst, syn, fin = wire.ACK, wire.RST, wire.SYN, wire.FIN
        peer = self.ends[self.other(side)]
        rows = (
            lambda: self.segment("keep-alive", side, ack, seq=-1),
            lambda: self.segment("far behind", side, ack, bytes(10), seq=-200000),
            lambda: self.segment("far ahead", side, ack, bytes(10), seq=2000000),
            lambda: self.segment("hole", side, ack, bytes(10), seq=300),
            lambda: self.segment("past the window", side, ack, bytes(1000), seq=peer.window),
            lambda: self.segment("ack of what was not sent", side, ack, ack=50000),
            lambda: self.segment("old ack", side, ack, ack=-300),
            lambda: self.segment("ancient ack", side, ack, ack=-200000),
            lambda: self.segment("window closed", side, ack, window=0),
            lambda: self.segment("window probe", side, ack, b"x"),
            lambda: self.segment("reset at its place", side, rst),
            lambda: self.segment("reset in the window", side, rst, seq=random.randint(1, 400)),
            lambda: self.segment("reset behind", side, rst, seq=-random.randint(1, 400)),
            lambda: self.segment("reset outside", side, rst, seq=10000000),
            lambda: self.segment("reset with ack", side, rst | ack),
            lambda: self.segment("reset with a wrong ack", side, rst | ack, ack=100000),
            lambda: self.segment("syn within", side, syn, seq=random.choice((-1, 0, 5000, 100000000))),
            lambda: self.segment("syn-ack within", side, syn | ack, seq=random.choice((-1, 0, 5000))),
            lambda: self.segment("syn with data", side, syn, bytes(20)),
            lambda: self.segment("fin early", side, fin | ack, seq=100),
            lambda: self.segment("flags", side, random.randrange(256)),
            lambda: self.segment("urgent", side, ack | wire.URG, b"!", urgent=1),
            lambda: self.segment("bad checksum", side, ack, bytes(10), error=random.choice((1, 0x100, 0xFFFE))),
            lambda: self.segment("bad checksum of syn", side, syn, error=1),
            lambda: self.segment("header too short", side, ack, words=random.randrange(5)),
            lambda: self.segment("header too long", side, ack, words=random.randrange(6, 16)),
            lambda: self.segment("bad options", side, syn, options=bytes([1, 3, random.choice((0, 1, 40)), 7])),
            lambda: dataclasses.replace(random.choice(self.last or [self.segment("ack", side, ack)]), kind="tcp sent again"),
        )
        return random.choice(rows)()
