# SPDX-License-Identifier: Apache-2.0
"""Packets as bytes: written field by field, right or wrong as wished, and read again without trusting a field."""

import dataclasses
import ipaddress
import struct

ICMP, TCP, UDP, GRE, ESP, ICMP6, OSPF, SCTP, UDPLITE = 1, 6, 17, 47, 50, 58, 89, 132, 136
HOP_OPTIONS, ROUTING, FRAGMENT, AUTHENTICATION, DESTINATION_OPTIONS = 0, 43, 44, 51, 60
FIN, SYN, RST, PSH, ACK, URG, ECE, CWR = (1 << bit for bit in range(8))
ETHERNET = 14
WITH_PORTS = (TCP, UDP, SCTP, UDPLITE)
WITHOUT_PORTS = (GRE, ESP, OSPF, 99)


def packed(address):
    return ipaddress.ip_address(address).packed


def checksum(data):
    """RFC 1071."""
    if len(data) % 2:
        data += b"\0"
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def transport_checksum(source, destination, protocol, message):
    """With the pseudo-header of RFC 9293, section 3.1, or RFC 8200, section 8.1, whose sums are the same. UDP says its own
    length (RFC 768), where it can."""
    if protocol == ICMP:
        return checksum(message)
    if protocol == UDP and 8 <= int.from_bytes(message[4:6], "big") < len(message):
        message = message[: int.from_bytes(message[4:6], "big")]
    return checksum(source + destination + struct.pack("!II", len(message), protocol) + message)


def _crc32c_table():
    for byte in range(256):
        for _ in range(8):
            byte = byte >> 1 ^ (0x82F63B78 if byte & 1 else 0)
        yield byte


CRC32C = list(_crc32c_table())


def crc32c(data):
    """RFC 9260, appendix A."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc = crc >> 8 ^ CRC32C[(crc ^ byte) & 0xFF]
    return struct.pack("<I", crc ^ 0xFFFFFFFF)


SUM_OFFSET = {ICMP: 2, ICMP6: 2, TCP: 16, UDP: 6, SCTP: 8}


def summed(source, destination, protocol, message, error=0):
    """The message with its checksum filled in; one that is wrong by `error`."""
    at = SUM_OFFSET.get(protocol)
    if at is None or len(message) < at + 2:
        return message
    if protocol == SCTP:
        crc = int.from_bytes(crc32c(message[:8] + bytes(4) + message[12:]), "big") ^ error
        return message[:8] + struct.pack("!I", crc) + message[12:]
    message = message[:at] + b"\0\0" + message[at + 2 :]
    value = transport_checksum(source, destination, protocol, message)
    if protocol == UDP and value == 0:
        value = 0xFFFF
    return message[:at] + struct.pack("!H", (value + error) & 0xFFFF) + message[at + 2 :]


def tcp(sport, dport, flags, seq=0, ack=0, window=8192, options=b"", payload=b"", urgent=0, header=None):
    options += bytes(-len(options) % 4)
    words = 5 + len(options) // 4 if header is None else header
    return struct.pack("!HHIIBBHHH", sport, dport, seq & 0xFFFFFFFF, ack & 0xFFFFFFFF, words << 4, flags, window, 0,
                       urgent) + options + payload


def udp(sport, dport, payload=b"", length=None):
    return struct.pack("!HHHH", sport, dport, 8 + len(payload) if length is None else length, 0) + payload


def icmp(kind, code, word=0, payload=b""):
    return struct.pack("!BBHI", kind, code, 0, word) + payload


def echo(kind, identifier, sequence, payload=b""):
    return icmp(kind, 0, identifier << 16 | sequence, payload)


def sctp(sport, dport, tag, *chunks):
    body = b"".join(struct.pack("!BBH", kind, flags, 4 + len(value)) + value + bytes(-len(value) % 4)
                    for kind, flags, value in chunks)
    return struct.pack("!HHII", sport, dport, tag, 0) + body


def ipv4_sealed(packet):
    """With a right header checksum."""
    length = min((packet[0] & 15) * 4, len(packet))
    header = packet[:10] + b"\0\0" + packet[12:length]
    return packet[:10] + struct.pack("!H", checksum(header)) + packet[12:]


def ipv4(source, destination, protocol, message, number, ttl=64, tos=0, options=b"", place=0):
    """`place`: flags and fragment offset. The message is taken as it is."""
    options += bytes(-len(options) % 4)
    head = struct.pack("!BBHHHBBH", 0x45 + len(options) // 4, tos, 20 + len(options) + len(message), number, place, ttl,
                       protocol, 0)
    return ipv4_sealed(head + packed(source) + packed(destination) + options + message)


def ipv6(source, destination, protocol, message, number, ttl=64, tos=0, extensions=()):
    """`extensions`: (header number, bytes without their first, which is the next header)."""
    kinds = [kind for kind, _ in extensions] + [protocol]
    chain = b"".join(bytes([kinds[index + 1]]) + body for index, (_, body) in enumerate(extensions))
    return struct.pack("!IHBB", 6 << 28 | tos << 20 | number, len(chain) + len(message), kinds[0], ttl) + \
        packed(source) + packed(destination) + chain + message


def ip(source, destination, protocol, message, number, error=0, **header):
    """A packet of either family, its transport checksum right, or wrong by `error`."""
    message = summed(packed(source), packed(destination), protocol, message, error)
    return (ipv6 if ":" in source else ipv4)(source, destination, protocol, message, number, **header)


@dataclasses.dataclass
class Seen:
    """What can be read of an IP packet. Fields that are not there are None."""

    version: int = 0
    source: bytes = b""
    destination: bytes = b""
    protocol: int = None
    number: int = None  # IPv4: identification; IPv6: flow label
    ttl: int = None
    tos: int = 0
    start: int = 0  # of the transport header
    end: int = 0  # of the packet
    offset: int = 0  # of a fragment, in bytes
    more: bool = False
    sport: int = None
    dport: int = None
    flags: int = None  # TCP
    kind: int = None  # ICMP type
    code: int = None
    bad: bool = False  # the headers are not whole

    @property
    def fragment(self):
        return self.more or self.offset > 0

    @property
    def is_error(self):
        return self.kind is not None and self.kind in ((3, 4, 5, 11, 12) if self.protocol == ICMP else (1, 2, 3, 4))


def _extensions(data, seen):
    protocol, at = data[6], 40
    while protocol in (HOP_OPTIONS, ROUTING, FRAGMENT, AUTHENTICATION, DESTINATION_OPTIONS) and at + 8 <= len(data):
        if protocol == FRAGMENT:
            word = struct.unpack_from("!H", data, at + 2)[0]
            seen.offset, seen.more = word & 0xFFF8, bool(word & 1)
        size = {FRAGMENT: 8, AUTHENTICATION: (data[at + 1] + 2) * 4}.get(protocol, (data[at + 1] + 1) * 8)
        protocol, at = data[at], at + size
        if seen.offset:
            break
    seen.protocol, seen.start = protocol, at


def _transport(data, seen):
    rest = data[seen.start : seen.end]
    if seen.offset:
        return
    if seen.protocol in WITH_PORTS and len(rest) >= 4:
        seen.sport, seen.dport = struct.unpack_from("!HH", rest)
        if seen.protocol == TCP and len(rest) >= 14:
            seen.flags = rest[13]
    elif seen.protocol == (ICMP if seen.version == 4 else ICMP6) and len(rest) >= 2:
        seen.kind, seen.code = rest[0], rest[1]
        if len(rest) >= 8 and not seen.is_error:
            seen.sport = struct.unpack_from("!H", rest, 4)[0]


def read(data):
    """Reads an IP packet."""
    seen = Seen(version=data[0] >> 4 if data else 0)
    if seen.version == 4 and len(data) >= 20:
        length, seen.number, place = struct.unpack_from("!HHH", data, 2)
        seen.tos, seen.ttl, seen.protocol = data[1], data[8], data[9]
        seen.source, seen.destination = data[12:16], data[16:20]
        seen.start, seen.end = (data[0] & 15) * 4, min(length, len(data))
        seen.offset, seen.more = (place & 0x1FFF) * 8, bool(place & 0x2000)
    elif seen.version == 6 and len(data) >= 40:
        word, length = struct.unpack_from("!IH", data)
        seen.number, seen.tos, seen.ttl = word & 0xFFFFF, word >> 20 & 0xFF, data[7]
        seen.source, seen.destination, seen.end = data[8:24], data[24:40], min(40 + length, len(data))
        _extensions(data, seen)
    else:
        seen.bad = True
        return seen
    _transport(data, seen)
    return seen


def numbers(data):
    """(sequence number, acknowledgement) of a TCP segment."""
    start = read(data).start + 4
    return struct.unpack_from("!II", data, start) if len(data) >= start + 8 else None


def segment_end(data):
    """The number behind a TCP segment."""
    seen = read(data)
    payload = seen.end - seen.start - (data[seen.start + 12] >> 4) * 4
    return (numbers(data)[0] + payload + bool(seen.flags & SYN) + bool(seen.flags & FIN)) & 0xFFFFFFFF


def numbers_after(data):
    """Those of the reset that answers it: RFC 9293, section 3.10.7.1."""
    seen = read(data)
    if not numbers(data) or seen.flags is None:
        return None
    return (numbers(data)[1], 0) if seen.flags & ACK else (0, segment_end(data))


def text(address):
    return str(ipaddress.ip_address(address)) if len(address) in (4, 16) else "?"


NAMES = {ICMP: "icmp", TCP: "tcp", UDP: "udp", ICMP6: "icmpv6", SCTP: "sctp", GRE: "gre", ESP: "esp"}


def describe(data):
    """A packet on one line, for people."""
    seen = read(data)
    if seen.bad:
        return f"no IP: {data[:24].hex()}"
    ports = [f":{port}" if port is not None else "" for port in (seen.sport, seen.dport)]
    words = [f"{text(seen.source)}{ports[0]} > {text(seen.destination)}{ports[1]}",
             NAMES.get(seen.protocol, f"protocol {seen.protocol}")]
    if seen.flags is not None:
        names = "".join(letter for bit, letter in enumerate("FSRPAUEC") if seen.flags >> bit & 1) or "none"
        seq, ack, _, _, window = struct.unpack_from("!IIBBH", data, seen.start + 4)
        payload = seen.end - seen.start - (data[seen.start + 12] >> 4) * 4
        words.append(f"{names} seq {seq} ack {ack} win {window} payload {payload}")
    elif seen.kind is not None:
        words.append(f"{seen.kind}/{seen.code}")
        if seen.is_error:
            words.append(f"about [{describe(data[seen.start + 8 : seen.end])}]")
    if seen.fragment:
        words.append(f"fragment {seen.offset}{'+' if seen.more else ''}")
    if seen.tos:
        words.append(f"tos {seen.tos:#x}")
    words.append(f"ttl {seen.ttl} len {seen.end}")
    return " ".join(words)
