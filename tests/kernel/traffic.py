# SPDX-License-Identifier: Apache-2.0
"""A random sequence of packets: conversations of all protocols woven into each other, with what belongs to none."""

import dataclasses
import struct

import broken
import flows
import network
import rules
import talk
import wire
from flows import ORIGINAL, REPLY

LIVE_MOST = 12  # conversations at a time
TTLS = (64, 64, 64, 2, 255)
WELL_KNOWN = rules.SERVICES + (8443, 5003)


class Traffic:
    def __init__(self, random, rule_set):
        self.random, self.rule_set = random, rule_set
        self.steps, self.live, self.flows = [], [], 0
        # Where rules count packets, a difference about one packet would become one about others.
        self.plain = any(rule.burst for rule in rule_set.rules)
        self.sport = random.randint(20000, 30000)

    def chance(self, probability):
        return self.random.random() < probability

    # Who talks to whom

    def address(self, ipv6, beside=None):
        """Somebody beyond a port other than `beside`; a host's address more often than one behind a gateway."""
        while True:
            pool = (rules.ADDRESSES6 if ipv6 else rules.ADDRESSES4) if self.chance(0.7) else \
                (network.FAR6 + network.BEHIND6 if ipv6 else network.FAR4 + network.BEHIND4)
            found = self.random.choice(pool)
            if network.port_towards(found) is not beside or self.chance(0.04):
                return found

    def target(self, ipv6, client):
        if self.plain:
            return self.address(ipv6, client)
        if self.chance(0.06):
            return self.random.choice(rules.OWN6 if ipv6 else rules.OWN4)
        if self.chance(0.02):
            return self.random.choice(network.ENDS6 if ipv6 else network.ENDS4)
        if self.rule_set.nat and not ipv6 and self.chance(0.25):
            return self.random.choice((network.WAN.own4, "203.0.113.193"))
        return self.address(ipv6, client)

    def flow(self, protocol, ipv6=None):
        ipv6 = self.chance(0.4) if ipv6 is None else ipv6
        source = self.address(ipv6)
        client = network.port_towards(source)
        if self.chance(0.03) and not self.plain:  # spoofed: comes from where it is not
            client = self.random.choice(network.PORTS)
        self.flows += 1
        self.sport += self.random.randint(1, 3)
        dport = self.random.choice(WELL_KNOWN) if self.chance(0.85) else self.random.randint(1, 65535)
        if protocol not in wire.WITH_PORTS:
            dport = self.sport
        return flows.Flow(self.flows, protocol, client, source, self.sport, self.target(ipv6, client), dport)

    def conversation(self):
        weights = (45, 25, 15, 0 if self.plain else 5, 5)
        kind = self.random.choices((wire.TCP, wire.UDP, wire.ICMP, wire.SCTP, wire.ESP), weights)[0]
        if kind == wire.TCP:
            return flows.Tcp(self.flow(wire.TCP), self.random, self.plain)
        if kind == wire.ICMP:
            ipv6 = self.chance(0.4)
            return talk.Ping(self.flow(wire.ICMP6 if ipv6 else wire.ICMP, ipv6), self.random)
        if kind == wire.ESP:
            return talk.Other(self.flow(self.random.choice((wire.ESP, wire.OSPF, wire.GRE, 99))), self.random)
        maker = {wire.UDP: talk.Udp, wire.SCTP: talk.Sctp}[kind]
        return maker(self.flow(kind), self.random)

    # Packets of no conversation

    def stray(self):
        """The first packet that the router sees of something."""
        flow = self.flow(self.random.choice((wire.TCP, wire.UDP, wire.UDP, wire.SCTP)))
        flags = self.random.choice((wire.SYN, wire.SYN, wire.ACK, wire.SYN | wire.ACK, wire.RST, wire.FIN | wire.ACK,
                                    wire.FIN, 0, 0x29, 0xFF, self.random.randrange(256)))
        if flow.protocol == wire.TCP:
            return flows.Tcp(flow, self.random).segment("stray", ORIGINAL, flags, header_ttl(self))
        if flow.protocol == wire.SCTP:
            return talk.Sctp(flow, self.random).odd()
        return next(talk.Udp(flow, self.random).steps())

    def damaged(self):
        flow = self.flow(self.random.choice((wire.TCP, wire.UDP, wire.ICMP, wire.ICMP6)))
        ipv6 = flow.protocol == wire.ICMP6
        if (ipv6 or flow.protocol == wire.ICMP) and flow.ipv6 != ipv6:
            flow = self.flow(flow.protocol, ipv6)
        talker = talk.Ping if flow.protocol in (wire.ICMP, wire.ICMP6) else talk.Udp
        step = flows.Tcp(flow, self.random).segment("", ORIGINAL, wire.SYN, b"twenty bytes of data") \
            if flow.protocol == wire.TCP else next(talker(flow, self.random).steps())
        if self.chance(0.12):
            name, change = self.random.choice(broken.frame_ways(self.random))
            return dataclasses.replace(step, kind=f"frame {name}", ether=change)
        name, change = self.random.choice((broken.ipv6_ways if flow.ipv6 else broken.ipv4_ways)(self.random))
        return dataclasses.replace(step, kind=f"broken {name}", damage=change)

    def fragments(self):
        """A datagram in pieces, now and then not all of them, or in another order."""
        flow = self.flow(wire.UDP)
        body = bytes(self.random.randrange(256) for _ in range(self.random.randint(40, 200)))
        whole = talk.Udp(flow, self.random).step("fragment", ORIGINAL, lambda sport, dport: wire.udp(sport, dport, body))
        size, length = self.random.choice((16, 24, 64, 104)), len(body) + 8
        pieces = [dataclasses.replace(whole, damage=fragment(at, size)) for at in range(0, length, size)]
        if self.chance(0.15) and len(pieces) > 1:
            pieces.remove(self.random.choice(pieces))
        if self.chance(0.3):
            self.random.shuffle(pieces)
        elif self.chance(0.1):
            pieces.append(self.random.choice(pieces))
        return pieces

    def error(self):
        """An ICMP error about a packet that was sent: from beyond the router, where it was seen."""
        whole = [step for step in self.steps[-30:] if step.group == step.number and step.kind != "udp fragment"]
        about = self.random.choice(whole or self.steps[:1])
        ways = error_ways(self.random, about)
        name, make = self.random.choice(ways if self.chance(0.5) else ways[:3])
        return flows.Step(f"error {name}", about.flow, REPLY if about.direction == ORIGINAL else ORIGINAL, None, place=make)

    # The sequence

    def add(self, step, group=0):
        step = dataclasses.replace(step, number=len(self.steps) + 1)
        step.group = group or step.number
        step.together = self.chance(0.25)
        self.steps.append(step)

    def add_next(self):
        way = self.random.random()
        if way < 0.62 or self.plain:
            if len(self.live) < LIVE_MOST and self.chance(0.5) or not self.live:
                talker = self.conversation()
                self.live.append((talker, talker.steps()))
            talker, steps = self.random.choice(self.live)
            step = next(steps, None)
            if step is None:
                if self.chance(0.7):
                    self.live.remove((talker, steps))
                return
            self.add(step)
        elif way < 0.76 and self.live:
            self.add(self.random.choice(self.live)[0].odd())
        elif way < 0.83:
            self.add(self.stray())
        elif way < 0.91:
            self.add(self.damaged())
        elif way < 0.98 and self.steps:
            self.add(self.error())
        else:
            first = len(self.steps) + 1
            for piece in self.fragments():
                self.add(piece, first)

    def sequence(self, count):
        while len(self.steps) < count:
            self.add_next()
        return self.steps


def header_ttl(traffic):
    return b"" if traffic.chance(0.8) else bytes(traffic.random.randint(1, 60))


def fragment(at, size):
    """One piece of a packet's payload."""
    def change(data):
        if data[0] >> 4 == 4:
            piece = data[20 + at : 20 + at + size]
            more = 0x2000 if 20 + at + size < len(data) else 0
            return wire.ipv4_sealed(data[:2] + struct.pack("!HHH", 20 + len(piece), *struct.unpack_from("!H", data, 4),
                                                           more | at // 8) + data[8:20] + piece)
        piece, more = data[40 + at : 40 + at + size], 40 + at + size < len(data)
        number = struct.unpack_from("!I", data)[0] & 0xFFFFF
        head = data[:4] + struct.pack("!HB", 8 + len(piece), wire.FRAGMENT) + data[7:40]
        return head + struct.pack("!BBHI", data[6], 0, at | more, number) + piece
    return change


def error_ways(random, about):
    """[(name, maker)]: ICMP errors about a step."""
    ipv6_kind = random.choice(((1, 0), (1, 1), (1, 4), (2, 0), (3, 0), (4, 0), (1, 9)))
    ipv4_kind = random.choice(((3, 0), (3, 1), (3, 3), (3, 4), (3, 13), (11, 0), (12, 0), (11, 1), (4, 0), (5, 1)))
    length = random.choice((28, 28, 48, 1000))

    def seen(world):
        """The packet where it was last seen: (port, IP packet, whether it got through)."""
        out = world.out.get(about.number)
        if out:
            return network.BY_NAME[out[0][0]], out[0][1], True
        port, data = about.packet(world)
        return port, data, False

    def make(quote=lambda data: data[: length + 20 * (data[0] >> 4 == 6)], source=None, destination=None, error=0, turn=False):
        def place(world, number):
            port, data, passed = seen(world)
            what = wire.read(data)
            ipv6 = data[:1] >= b"\x60"
            if what.bad or ipv6 != (what.version == 6):
                data, what = FALLBACK, wire.read(FALLBACK)
                ipv6 = False
            if not passed and not turn:
                port = network.port_towards(wire.text(what.destination))
            ends = (source and source[ipv6]) or wire.text(what.destination), (destination and destination[ipv6]) or wire.text(what.source)
            kind, code = ipv6_kind if ipv6 else ipv4_kind
            word = 1400 if kind in (2, 3) else 0
            message = wire.icmp(kind, code, word, quote(data))
            protocol = wire.ICMP6 if ipv6 else wire.ICMP
            return port, wire.ip(*ends, protocol, message, number, error)
        return place

    def reseal(change):
        return lambda data: change(data)[: length + 20 * (data[0] >> 4 == 6)]

    def far_number(data):
        start = wire.read(data).start + 4
        return broken.put(data, start, bytes([data[start] ^ 0x40]) if len(data) > start else b"")

    def other_port(data):
        start = wire.read(data).start
        return broken.put(data, start, b"\x12\x34")[: len(data)]

    router = ("192.0.2.254", "2001:db8:2::254")
    return [
        ("plain", make()),
        ("from a router", make(source=router)),
        ("plain", make()),
        ("cut to the IP header", make(lambda data: data[: wire.read(data).start])),
        ("cut to four bytes", make(lambda data: data[: wire.read(data).start + 4])),
        ("cut within the header", make(lambda data: data[:12])),
        ("empty", make(lambda data: b"")),
        ("bad checksum", make(error=3)),
        ("bad checksum inside", make(reseal(lambda data: broken.put(data, 10, bytes([data[10] ^ 1]))))),
        ("other number", make(reseal(far_number))),
        ("other port", make(reseal(other_port))),
        ("to somebody else", make(destination=("10.0.0.11", "2001:db8:1::11"))),
        ("from the wrong side", make(turn=True)),
    ]


FALLBACK = wire.ip("10.0.0.10", "192.0.2.10", wire.UDP, wire.udp(1, 2), 0)
