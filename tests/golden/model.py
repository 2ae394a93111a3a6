# SPDX-License-Identifier: Apache-2.0
"""What a router must do with a packet, computed from the RFCs with scapy and without Weir.

test_golden and the cases_*.py use this. A Network is one side of the appliance, as the YAML files beside this one
configure it. An expectation is an object whose differs(frame) says in words how a frame that left the appliance is not
what it should be, or returns None. Where an RFC leaves a field to the implementation, the expectation says so and does
not compare it.
"""

import dataclasses
import ipaddress
import struct

from scapy.layers.inet import ICMP, IP, TCP, UDP
from scapy.layers.inet6 import IPv6
from scapy.layers.l2 import ARP, Dot1Q, Ether
from scapy.utils import checksum

BROADCAST = "ff:ff:ff:ff:ff:ff"
ETHERNET_MIN = 60  # shortest frame without FCS; what is missing may be padded with zeros (IEEE 802.3, section 4.2.3.3)
ICMP4_MAX = 576  # RFC 1812, section 4.3.2.3
ICMP6_MAX = 1280  # RFC 4443, section 2.4 (c)
ICMP4_QUOTE_MIN = 28  # RFC 792: the IP header and 8 bytes


@dataclasses.dataclass(frozen=True)
class Network:
    """A port of the appliance, and the host (with a static neighbour entry) that lives there."""

    port: str  # the device that carries it
    mac: str
    ipv4: str
    ipv6: str
    host_mac: str
    host4: str
    host6: str
    vlan: int = 0

    def sends(self, payload, src=None, dst=None):
        """A frame from the host to the appliance."""
        return self.tagged(Ether(src=src or self.host_mac, dst=dst or self.mac), payload)

    def receives(self, payload, mac=None):
        """A frame from the appliance to the host, or to another station."""
        return self.tagged(Ether(src=self.mac, dst=mac or self.host_mac), payload)

    def tagged(self, ether, payload):
        """Both headers in front of a packet. One given as bytes gets the EtherType of its version."""
        last = ether / Dot1Q(vlan=self.vlan) if self.vlan else ether
        if isinstance(payload, bytes):
            last.lastlayer().type = 0x86DD if payload[:1] >= b"\x60" and payload[:1] < b"\x70" else 0x0800
        return last / payload


def network(number, port, ipv4, mac, vlan=0):
    prefix4 = ipv4.rsplit(".", 1)[0]
    return Network(
        port=port, vlan=vlan, mac=mac, ipv4=ipv4, ipv6=f"2001:db8:{number}::1",
        host_mac=f"02:00:00:00:{number:0>2}:10", host4=f"{prefix4}.10", host6=f"2001:db8:{number}::10",
    )


LAN = network("1", "lan", "10.0.0.1", "02:00:00:00:01:01")
WAN = network("2", "wan", "192.0.2.1", "02:00:00:00:02:01")
NARROW = network("3", "narrow", "198.51.100.1", "02:00:00:00:03:01")
WIDE = network("4", "wide", "10.0.4.1", "02:00:00:00:04:01")
GUEST = network("20", "lan", "10.0.20.1", "02:00:00:00:01:01", vlan=20)
STORAGE = network("40", "wide", "10.0.40.1", "02:00:00:00:04:01", vlan=40)
LAN_GATEWAY = "02:00:00:00:01:fe"
WAN_GATEWAY = "02:00:00:00:02:fe"
WAN_OTHER = "02:00:00:00:02:fd"
NARROW_MTU = 1280


def body(length):
    """Payload whose every byte says where it is, so that a shift or a swap shows."""
    return bytes((at * 7 + (at >> 8)) & 0xFF for at in range(length))


def ip_bytes(frame):
    """The IP packet in a frame, without link padding."""
    if frame.haslayer(IPv6):
        raw = bytes(frame[IPv6])
        return raw[: 40 + struct.unpack("!H", raw[4:6])[0]]
    raw = bytes(frame[IP])
    return raw[: struct.unpack("!H", raw[2:4])[0]]


def ipv4_sealed(packet):
    """The packet with a correct header checksum, computed from scratch (RFC 791, section 3.1)."""
    length = (packet[0] & 15) * 4
    header = bytearray(packet[:length])
    header[10:12] = b"\0\0"
    header[10:12] = struct.pack("!H", checksum(bytes(header)))
    return bytes(header) + packet[length:]


def hop(packet):
    """An IP packet after one router: RFC 1812, section 5.3.1; RFC 8200, section 3."""
    at = 8 if packet[0] >> 4 == 4 else 7
    packet = packet[:at] + bytes([packet[at] - 1]) + packet[at + 1 :]
    return ipv4_sealed(packet) if at == 8 else packet


def fragments(packet, mtu):
    """IPv4 fragmentation as the example procedure of RFC 791, section 3.2, does it; for headers without options."""
    assert packet[0] == 0x45
    word = struct.unpack("!H", packet[6:8])[0]
    data, room, pieces = packet[20:], (mtu - 20) // 8 * 8, []
    for start in range(0, len(data), room):
        piece = data[start : start + room]
        more = 0x2000 if start + room < len(data) else word & 0x2000
        place = struct.pack("!H", more | (word & 0x1FFF) + start // 8)
        length = struct.pack("!H", 20 + len(piece))
        pieces.append(ipv4_sealed(packet[:2] + length + packet[4:6] + place + packet[8:20] + piece))
    return pieces


class Exactly:
    """Byte for byte; zero padding of a short frame is allowed."""

    def __init__(self, frame):
        self.frame = bytes(frame)

    def __str__(self):
        return Ether(self.frame).summary()

    def differs(self, frame):
        frame, padding = frame[: len(self.frame)], frame[len(self.frame) :]
        if padding.strip(b"\0") or (padding and len(self.frame) + len(padding) > ETHERNET_MIN):
            return f"{len(padding)} bytes too many: {padding[:32].hex()}"
        return first_difference(self.frame, frame)


class Originated(Exactly):
    """A packet of the appliance's own. Its choice are: IPv4 identification, type of service, DF and time to live
    (RFC 1122, section 3.2.1), IPv6 hop limit, and the window of a TCP reset; checksums must be right all the same."""

    def __init__(self, frame):
        super().__init__(unmarked(bytes(frame)))

    def differs(self, frame):
        if wrong := wrong_checksum(frame):
            return wrong
        return super().differs(unmarked(frame))


class Error:
    """An ICMP or ICMPv6 error about a packet. How much it quotes is the appliance's choice for IPv4 (at least the IP
    header and 8 bytes, at most 576 in all); the quoted time to live may be the decremented one (RFC 1812, section
    4.3.2.3). For IPv6, all that fits into 1280 bytes is quoted (RFC 4443, section 3)."""

    def __init__(self, via, offender, kind, codes, value=0, sources=None):
        """sources: addresses it may come from; without, those of the port it leaves by."""
        self.via = via
        self.offender = ip_bytes(offender)
        self.ipv6 = self.offender[0] >> 4 == 6
        self.kind, self.codes = kind, codes if isinstance(codes, tuple) else (codes,)
        self.value = struct.pack("!I", value)
        self.to_mac = offender.src
        self.sources = sources or (via.ipv4, via.ipv6)

    def __str__(self):
        return f"ICMP{'v6' if self.ipv6 else ''} error {self.kind}/{self.codes} from {self.via.port}"

    def differs(self, frame):
        length = 18 if self.via.vlan else 14
        start = bytes(self.via.receives(IPv6() if self.ipv6 else IP(), self.to_mac))[:length]
        if frame[:length] != start:
            return f"Ethernet header {frame[:length].hex()}, not {start.hex()}"
        packet = frame[length:]
        if wrong := wrong_checksum(frame):
            return wrong
        return self.differs6(packet) if self.ipv6 else self.differs4(packet)

    def differs4(self, packet):
        length = struct.unpack("!H", packet[2:4])[0]
        message = packet[20:length]
        if packet[0] != 0x45 or packet[9] != 1:
            return f"no plain ICMP: {packet[:20].hex()}"
        wrong = self.addresses(packet[12:16], packet[16:20], self.offender[12:16])
        if length > ICMP4_MAX:
            return f"{length} bytes, more than {ICMP4_MAX}"
        least = min(len(self.offender), (self.offender[0] & 15) * 4 + 8)
        return wrong or self.differs_message(message, least, 8, (10, 11))

    def differs6(self, packet):
        length = 40 + struct.unpack("!H", packet[4:6])[0]
        if packet[6] != 58:
            return f"next header {packet[6]}, not 58"
        wrong = self.addresses(packet[8:24], packet[24:40], self.offender[8:24])
        least = min(len(self.offender), ICMP6_MAX - 48)
        if length > ICMP6_MAX:
            return f"{length} bytes, more than {ICMP6_MAX}"
        return wrong or self.differs_message(packet[40:length], least, 7, ())

    def addresses(self, source, destination, sender):
        if ipaddress.ip_address(source) not in map(ipaddress.ip_address, self.sources):
            return f"from {ipaddress.ip_address(source)}, not {' or '.join(self.sources)}"
        if destination != sender:
            return f"to {ipaddress.ip_address(destination)}"
        return None

    def differs_message(self, message, least, ttl, sums):
        if message[0] != self.kind or message[1] not in self.codes:
            return f"type {message[0]} code {message[1]}, not {self.kind}/{self.codes}"
        if message[4:8] != self.value:
            return f"second word {message[4:8].hex()}, not {self.value.hex()}"
        quote = bytearray(message[8:])
        if len(quote) < least:
            return f"{len(quote)} bytes quoted, not {least}"
        if quote[ttl] == self.offender[ttl] - 1:
            for at in (ttl, *sums):
                quote[at] = self.offender[at]
        return first_difference(self.offender[: len(quote)], bytes(quote))


class Query:
    """An ARP request or a neighbour solicitation that the appliance sends. The target's hardware address in an ARP
    request means nothing (RFC 826), and a neighbour solicitation may come from any address of the port (RFC 4861,
    section 7.2.2); both may be unicast when they probe a neighbour that was known before."""

    def __init__(self, via, target, known_mac=None):
        self.via, self.target, self.known_mac = via, ipaddress.ip_address(target), known_mac

    def __str__(self):
        return f"who has {self.target}? out of {self.via.port}"

    def differs(self, frame):
        ether = Ether(frame)
        if ether.src != self.via.mac or (ether[Dot1Q].vlan if Dot1Q in ether else 0) != self.via.vlan:
            return f"not from {self.via.mac} in VLAN {self.via.vlan}: {ether.summary()}"
        return self.differs4(ether) if self.target.version == 4 else self.differs6(ether)

    def differs4(self, ether):
        if ARP not in ether or ether[ARP].op != 1:
            return f"no ARP request: {ether.summary()}"
        arp = ether[ARP]
        if ether.dst not in (BROADCAST, self.known_mac):
            return f"to {ether.dst}"
        if (arp.hwsrc, arp.psrc, arp.pdst) != (self.via.mac, self.via.ipv4, str(self.target)):
            return f"asks {arp.hwsrc} {arp.psrc} {arp.pdst}"
        return None

    def differs6(self, ether):
        if IPv6 not in ether or bytes(ether[IPv6])[40:41] != b"\x87":
            return f"no neighbour solicitation: {ether.summary()}"
        raw, low = ip_bytes(ether), self.target.packed[13:]
        group = ipaddress.ip_address("ff02::1:ff00:0").packed[:13] + low
        group_mac = "33:33:ff:" + ":".join(f"{byte:02x}" for byte in low)
        to = {(group_mac, group), (self.known_mac, self.target.packed)}
        if (ether.dst, raw[24:40]) not in to:
            return f"to {ether.dst} {ipaddress.ip_address(raw[24:40])}"
        if raw[7] != 255 or raw[41] != 0 or raw[48:64] != self.target.packed:
            return f"hop limit, code or target: {raw[7]} {raw[41]} {raw[48:64].hex()}"
        option = b"\x01\x01" + bytes.fromhex(self.via.mac.replace(":", ""))
        return wrong_checksum(bytes(ether)) or (None if raw[64:] == option else f"options {raw[64:].hex()}")


def is_announcement(frame):
    """What the appliance may say about its own addresses at any time: gratuitous ARP (RFC 5227, section 2.3), unsolicited
    neighbour advertisements (RFC 4861, section 7.2.6) and duplicate address detection (RFC 4862, section 5.4)."""
    ether = Ether(frame)
    if ARP in ether:
        return ether[ARP].psrc == ether[ARP].pdst or ether[ARP].psrc == "0.0.0.0"
    if IPv6 not in ether or len(raw := ip_bytes(ether)) < 64 or raw[6] != 58:
        return False
    unsolicited = raw[40] == 136 and not raw[44] & 0x40 and ether[IPv6].dst == "ff02::1"
    return unsolicited or (raw[40] == 135 and ether[IPv6].src == "::")


def first_difference(expected, found):
    if expected == found:
        return None
    if len(expected) != len(found):
        return f"{len(found)} bytes, not {len(expected)}: {found[:64].hex()} instead of {expected[:64].hex()}"
    at = next(index for index, (one, other) in enumerate(zip(expected, found)) if one != other)
    around = slice(max(0, at - 16), at + 16)
    return f"byte {at} is {found[at]:02x}, not {expected[at]:02x}: {found[around].hex()} instead of {expected[around].hex()}"


def ip_offset(frame):
    return 18 if frame[12:14] == b"\x81\x00" else 14


def sum_is_right(packet, protocol, start):
    """Whether the transport message at `start` sums up with its pseudo-header (RFC 768, 9293, 8200 section 8.1)."""
    message = packet[start:]
    addresses = packet[12:20] if packet[0] >> 4 == 4 else packet[8:40]
    pseudo = addresses + struct.pack("!II", len(message), protocol)
    return checksum(pseudo + message) == 0


def wrong_checksum(frame):
    """What is wrong with the checksums of a frame that carries an unfragmented IP packet, or None."""
    frame = bytes(frame)
    packet = frame[ip_offset(frame) :]
    if packet[0] >> 4 == 4:
        start = (packet[0] & 15) * 4
        if checksum(packet[:start]) != 0:
            return "IPv4 header checksum is wrong"
        packet = packet[: struct.unpack("!H", packet[2:4])[0]]
        if packet[9] == 1 and checksum(packet[start:]) != 0:
            return "ICMP checksum is wrong"
        return "TCP checksum is wrong" if packet[9] == 6 and not sum_is_right(packet, 6, start) else None
    packet = packet[: 40 + struct.unpack("!H", packet[4:6])[0]]
    right = packet[6] not in (6, 58) or sum_is_right(packet, packet[6], 40)
    return None if right else "checksum over the IPv6 pseudo-header is wrong"


def unmarked(frame):
    """The frame with the fields zeroed that are the appliance's choice, and the checksums over them."""
    start = ip_offset(frame)
    out = bytearray(frame)
    if out[start] >> 4 == 4:
        transport, protocol = start + (out[start] & 15) * 4, out[start + 9]
        for at in (1, 4, 5, 8, 10, 11):
            out[start + at] = 0
        out[start + 6] &= 0xBF
    else:
        transport, protocol = start + 40, out[start + 6]
        out[start + 7] = 0
    if protocol == 6:
        out[transport + 14 : transport + 18] = bytes(4)
    return bytes(out)


# What the cases are written in


class Unknown:
    """A number that is the appliance's choice, such as a port that NAT gives out. An expectation learns it from what left
    (flows.py); what is sent later is made with it."""

    def __init__(self, allowed):
        self.allowed, self.value = allowed, None

    def __int__(self):
        if self.value is None:
            raise NotYet
        return self.value

    __index__ = __int__


class NotYet(Exception):
    """The frame depends on what has not left so far."""


@dataclasses.dataclass
class Send:
    port: str
    made: object  # bytes, or a function that makes them and may raise NotYet
    ends: tuple  # names under which the appliance may count it; one for most
    at: float  # seconds after the case's begin

    @property
    def frame(self):
        return bytes(self.made()) if callable(self.made) else self.made


@dataclasses.dataclass
class Expect:
    port: str
    what: object


@dataclasses.dataclass
class Allow:
    """Frames like this may leave the port, any number of them from `least` on."""

    port: str
    what: object
    least: int = 0


@dataclasses.dataclass
class Rules:
    hits: dict  # packets by the rule's name; the others have none


@dataclasses.dataclass
class Check:
    """A question that the other steps can't put: sentences about what is wrong with {port: [frame, ...]} and report."""

    question: object


def flattened(steps):
    return [one for step in steps for one in (flattened(step) if isinstance(step, (list, tuple)) else [step])]


class Case:
    """A name and steps: what goes in and what must come out, in order for each port."""

    def __init__(self, name, *steps):
        self.name = name
        flat = flattened(steps)
        pick = lambda kind: [step for step in flat if isinstance(step, kind)]
        self.sends, self.expects, self.allows, self.checks = pick(Send), pick(Expect), pick(Allow), pick(Check)
        rules = pick(Rules)
        self.rules = rules[0].hits if rules else None
        self.unknowns = [unknown for step in self.expects for unknown in getattr(step.what, "unknowns", ())]
        for index, step in enumerate(self.sends):
            if step.at is None:
                step.at = max(index * 0.001, self.sends[index - 1].at + 0.001) if index else 0

    def forget(self):
        """Another run may choose otherwise."""
        for unknown in self.unknowns:
            unknown.value = None


def send(via, frame, ends="forwarded", at=None):
    """`frame` (or what makes it) reaches the appliance and is counted as `ends`: "forwarded", "consumed", or a drop reason of
    nf/reasons.h; a tuple where more than one is right."""
    port = via.port if isinstance(via, Network) else via
    return Send(port, frame if callable(frame) else bytes(frame), ends if isinstance(ends, tuple) else (ends,), at)


def expect(via, what):
    return Expect(via.port, what if hasattr(what, "differs") else Exactly(what))


def allow(via, what, least=0):
    return Allow(via.port, what, least)


def crosses(source, destination, packet, mac=None, ends="forwarded"):
    """`packet` goes from one network's host to another's, which gets it one hop older."""
    frame = source.sends(packet)
    return [send(source, frame, ends), expect(destination, destination.receives(hop(ip_bytes(frame)), mac))]


def refused(source, packet, reason, error=None):
    """`packet` ends under a reason; `error` is the ICMP error that its sender gets, as (type, code[, value])."""
    frame = source.sends(packet)
    steps = [send(source, frame, reason)]
    return steps + ([expect(source, Error(source, frame, *error))] if error else [])


def udp4(source, destination, length=32, sport=4000, dport=5000, **header):
    src = source.host4 if isinstance(source, Network) else source
    dst = destination.host4 if isinstance(destination, Network) else destination
    return IP(src=src, dst=dst, id=0x1234, **header) / UDP(sport=sport, dport=dport) / body(length)


def udp6(source, destination, length=32, sport=4000, dport=5000, **header):
    src = source.host6 if isinstance(source, Network) else source
    dst = destination.host6 if isinstance(destination, Network) else destination
    return IPv6(src=src, dst=dst, **header) / UDP(sport=sport, dport=dport) / body(length)


def tcp4(source, destination, flags="S", sport=4000, dport=80, **header):
    src = source.host4 if isinstance(source, Network) else source
    dst = destination.host4 if isinstance(destination, Network) else destination
    return IP(src=src, dst=dst, id=0x1234, **header) / TCP(sport=sport, dport=dport, flags=flags, seq=1000, ack=2000)


def tcp6(source, destination, flags="S", sport=4000, dport=80, **header):
    src = source.host6 if isinstance(source, Network) else source
    dst = destination.host6 if isinstance(destination, Network) else destination
    return IPv6(src=src, dst=dst, **header) / TCP(sport=sport, dport=dport, flags=flags, seq=1000, ack=2000)


def ping4(source, destination, length=56, **header):
    src = source.host4 if isinstance(source, Network) else source
    dst = destination.host4 if isinstance(destination, Network) else destination
    return IP(src=src, dst=dst, id=0x1234, **header) / ICMP(id=7, seq=1) / body(length)
