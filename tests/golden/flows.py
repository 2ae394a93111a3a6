# SPDX-License-Identifier: Apache-2.0
"""Connections as both of their ends see them, for cases_flow.py and cases_nat.py.

A Flow knows four endpoints: its client and its server, who the client believes to talk to (`target`: a forwarded port), and
who the server believes to talk to (`outside`: what NAT made of the client). there() and back() are the steps of a packet
that crosses: what one end sends, and what the other gets, made from scratch out of these. A port that NAT chooses is an
Unknown, which the first packet's expectation learns."""

import dataclasses
import itertools
import struct

from scapy.layers.inet import ICMP, IP, TCP, UDP
from scapy.layers.inet6 import ICMPv6EchoReply, ICMPv6EchoRequest, IPv6

from model import *

ports = itertools.count(20001, 3)  # of clients: each flow has its own, so that cases don't meet in one run
WINDOW = 8192


@dataclasses.dataclass(frozen=True)
class Station:
    """Somebody on a network, or behind the router there whose `mac` it is."""

    network: Network
    ipv4: str
    ipv6: str
    mac: str

    def address(self, ipv6):
        return self.ipv6 if ipv6 else self.ipv4


def station(via, last):
    """The host of a network whose addresses end in `last`, as stateful.yaml has them."""
    return Station(via, f"{via.host4.rsplit('.', 1)[0]}.{last}", f"{via.host6.rsplit(':', 1)[0]}:{last}", f"{via.host_mac[:-2]}{last}")


DMZ = network("5", "dmz", "10.0.5.1", "02:00:00:00:05:01")
CLIENT, OTHER_CLIENT, STATIC, POOLED, NARROWED = (station(LAN, last) for last in (10, 11, 17, 65, 80))
SERVER, OTHER_SERVER, INNER_SERVER = station(WAN, 10), station(WAN, 20), station(DMZ, 10)
FAR_SERVER = Station(WAN, "198.51.100.10", "2001:db8:c::10", WAN_GATEWAY)
ROUTER = Station(WAN, "192.0.2.254", "2001:db8:2::fe", WAN_GATEWAY)


class Learned(Exactly):
    """Byte for byte, once an Unknown has been read out of the frame, unless it was before."""

    def __init__(self, make, unknown, at):
        self.make, self.unknowns, self.at = make, [unknown], at

    @property
    def frame(self):
        return bytes(self.make())

    def __str__(self):
        return "the first packet after translation"

    def differs(self, frame):
        unknown, known = self.unknowns[0], self.unknowns[0].value is not None
        if not known:
            unknown.value = int.from_bytes(frame[self.at : self.at + 2], "big")
        wrong = super().differs(frame)
        if not wrong and unknown.value not in unknown.allowed:
            wrong = f"{unknown.value} is not among {unknown.allowed}"
        if wrong and not known:
            unknown.value = None
        return wrong


class Made(Exactly):
    """Byte for byte what a function makes when it is asked."""

    def __init__(self, make):
        self.make = make

    @property
    def frame(self):
        return bytes(self.make())

    def __str__(self):
        try:
            return Ether(self.frame).summary()
        except NotYet:
            return "a frame with a port that nobody has seen"


@dataclasses.dataclass(frozen=True)
class Crossing:
    """An IP packet where it is sent and where it arrives, as functions that make its bytes."""

    flow: object
    there: bool  # from client to server
    near: object
    far: object

    @property
    def ends(self):
        return (self.flow.client, self.flow.server) if self.there else (self.flow.server, self.flow.client)


def any_port(sport=0, udp=True):
    """What NAT may give: no port of services (RFC 4787, REQ-3), for UDP of the same parity (REQ-4)."""
    return Unknown(range(1024 + sport % 2, 65536, 2) if udp else range(1024, 65536))


class Flow:
    """One connection. `outside` and `target` are (address, port); left out, that end sees the other as it is."""

    first_port = 5353
    port_at = 34  # of the port in a frame that arrives at the server: behind Ethernet's and IPv4's headers

    def __init__(self, client, server, ipv6=False, sport=None, dport=None, outside=None, target=None):
        self.client, self.server, self.ipv6 = client, server, ipv6
        self.own = (client.address(ipv6), next(ports) if sport is None else sport)
        self.served = (server.address(ipv6), self.first_port if dport is None else dport)
        self.outside, self.target = outside or self.own, target or self.served

    def header(self, source, destination, **fields):
        known = {"src": source[0], "dst": destination[0], **fields}
        return IPv6(**known) if self.ipv6 else IP(**{"id": 0x1234, **known})

    def payload(self, there, source, destination, what):
        raise NotImplementedError

    def crossing(self, there, what=None, **fields):
        def near():
            source, destination = (self.own, self.target) if there else (self.served, self.outside)
            return bytes(self.header(source, destination, **fields) / self.payload(there, int(source[1]), int(destination[1]), what))

        def far():
            source, destination = (self.outside, self.served) if there else (self.target, self.own)
            return hop(bytes(self.header(source, destination, **fields) / self.payload(there, int(source[1]), int(destination[1]), what)))

        return Crossing(self, there, near, far)

    def passes(self, crossing, ends="forwarded", at=None):
        """The steps of a packet; it arrives only where it is forwarded."""
        sender, receiver = crossing.ends
        steps = [send(sender.network, lambda: sender.network.sends(crossing.near(), src=sender.mac), ends, at)]
        if ends != "forwarded":
            return steps
        make = lambda: receiver.network.receives(crossing.far(), mac=receiver.mac)
        unknown = self.outside[1] if crossing.there and isinstance(self.outside[1], Unknown) else None
        return steps + [expect(receiver.network, Learned(make, unknown, self.port_at) if unknown else Made(make))]

    def there(self, what=None, ends="forwarded", at=None, **fields):
        return self.passes(self.crossing(True, what, **fields), ends, at)

    def back(self, what=None, ends="forwarded", at=None, **fields):
        return self.passes(self.crossing(False, what, **fields), ends, at)

    def in_pieces(self, there, length, order, ends=("forwarded",), mtu=1500):
        """A datagram that travels in fragments, sent in this order; expected where they are forwarded, a first one before
        those that wait for it."""
        crossing = self.crossing(there, length)
        sender, receiver = crossing.ends
        piece = lambda side, at: fragments(side(), mtu)[at]
        steps = [send(sender.network, lambda at=at: sender.network.sends(piece(crossing.near, at), src=sender.mac),
                      ends[number % len(ends)]) for number, at in enumerate(order)]
        passed = [at for number, at in enumerate(order) if ends[number % len(ends)] == "forwarded"]
        if 0 in passed:
            passed.insert(0, passed.pop(passed.index(0)))
        unknown = self.outside[1] if there and isinstance(self.outside[1], Unknown) else None
        for at in passed:
            make = lambda at=at: receiver.network.receives(piece(crossing.far, at), mac=receiver.mac)
            what = Learned(make, unknown, self.port_at) if unknown and at == 0 else Made(make)
            steps.append(expect(receiver.network, what))
        return steps


class Udp(Flow):
    def payload(self, there, sport, dport, what):
        return UDP(sport=sport, dport=dport) / body(32 if what is None else what)


class Echo(Flow):
    """Requests and their replies; the port is the identifier."""

    port_at = 38

    def payload(self, there, sport, dport, what):
        number = sport if there else dport
        if self.ipv6:
            return (ICMPv6EchoRequest if there else ICMPv6EchoReply)(id=number, seq=1, data=body(what or 56))
        return ICMP(type="echo-request" if there else "echo-reply", id=number, seq=1) / body(what or 56)


class Generic(Flow):
    """A protocol that has no ports."""

    def header(self, source, destination, **fields):
        return super().header(source, destination, **{"nh" if self.ipv6 else "proto": 47, **fields})

    def payload(self, there, sport, dport, what):
        return body(what or 40)


@dataclasses.dataclass(frozen=True)
class Segment:
    flags: str
    seq: int
    ack: int
    data: bytes = b""
    window: int = WINDOW
    options: tuple = ()


class Tcp(Flow):
    """Keeps both ends' numbers, as far as they go by the book."""

    first_port = 443

    def __init__(self, *arguments, **options):
        super().__init__(*arguments, **options)
        self.next = {True: 1000, False: 900000}

    def payload(self, there, sport, dport, what):
        return TCP(sport=sport, dport=dport, flags=what.flags, seq=what.seq, ack=what.ack, window=what.window,
                   options=list(what.options)) / what.data

    def segment(self, there, flags, length=0, seq=0, ack=0, options=()):
        """The next one; `seq` and `ack` are added to its numbers, and then it doesn't count."""
        made = Segment(flags, (self.next[there] + seq) % 2**32, (self.next[not there] + ack) % 2**32 if "A" in flags else 0, body(length),
                       options=tuple(options))
        if not seq and not ack:
            self.next[there] += length + ("S" in flags) + ("F" in flags)
        return made

    def there(self, flags="A", length=0, ends="forwarded", at=None, seq=0, ack=0, options=(), **fields):
        return super().there(self.segment(True, flags, length, seq, ack, options), ends, at, **fields)

    def back(self, flags="A", length=0, ends="forwarded", at=None, seq=0, ack=0, options=(), **fields):
        return super().back(self.segment(False, flags, length, seq, ack, options), ends, at, **fields)

    def open(self, at=None):
        return self.there("S", at=at) + self.back("SA") + self.there("A")

    def talk(self, at=None):
        return self.there("PA", 100, at=at) + self.back("PA", 200) + self.there("A")

    def close(self):
        return self.there("FA") + self.back("A") + self.back("FA") + self.there("A")


def icmp_error(ipv6, source, destination, message, quote):
    """An ICMP error; message: (type, code, second word)."""
    raw = struct.pack("!BBHI", message[0], message[1], 0, message[2]) + quote
    header = IPv6(src=source, dst=destination, nh=58) if ipv6 else IP(src=source, dst=destination, proto=1, id=0x77)
    pseudo = bytes(header)[8:40] + struct.pack("!II", len(raw), 58) if ipv6 else b""
    return bytes(header / (raw[:2] + struct.pack("!H", checksum(pseudo + raw)) + raw[4:]))


def aged(packet, like):
    """The packet with the time to live of another."""
    at = 7 if packet[0] >> 4 == 6 else 8
    packet = packet[:at] + like[at : at + 1] + packet[at + 1 :]
    return packet if at == 7 else ipv4_sealed(packet)


def error_about(crossing, reporter, message, cut=None, seen_as=None, ends="forwarded", spoil=None):
    """Somebody behind the far end of a crossing tells its sender that the packet did not arrive: `reporter` is a Station, `cut`
    how many bytes it quotes, `seen_as` the address that the sender sees. `spoil` changes the error's bytes."""
    flow, (sender, _) = crossing.flow, crossing.ends
    believed = flow.outside if crossing.there else flow.target  # who the far side believes that the packet is from
    real = flow.own if crossing.there else flow.served

    def sent():
        quote = crossing.far()[:cut]
        packet = icmp_error(flow.ipv6, reporter.address(flow.ipv6), believed[0], message, quote)
        return reporter.network.sends(spoil(packet) if spoil else packet, src=reporter.mac)

    def arrived():
        quote = aged(crossing.near(), crossing.far())[:cut]
        source = seen_as or reporter.address(flow.ipv6)
        return sender.network.receives(hop(icmp_error(flow.ipv6, source, real[0], message, quote)), mac=sender.mac)

    steps = [send(reporter.network, sent, ends)]
    return steps + [expect(sender.network, Made(arrived))] if ends == "forwarded" else steps
