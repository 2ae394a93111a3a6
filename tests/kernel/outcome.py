# SPDX-License-Identifier: Apache-2.0
"""What became of packets, in a form in which the two routers can be compared.

An outcome is a list of outputs, each a tuple: what it is, the port that it left by, and what must be equal. Left out is
what a router may choose: identification, type of service and time to live of its own packets, how much an ICMP error
quotes beyond eight bytes, and which external port NAT takes: translated ends have the name of the endpoint that they
stand for.
"""

import ipaddress
import struct

import network
import wire

FORWARD, RESET, ERROR, ECHO, OTHER = "forwarded", "reset", "error", "echo reply", "other"
NOISE_TYPES = (b"\x08\x06",)


class Names:
    """Which endpoint a translated one stands for: `pairs` are packets as they came and as they left."""

    def __init__(self, pairs, pool):
        self.names = {}
        for sent, left in pairs:
            before, after = wire.read(sent), wire.read(left)
            moved = after.protocol in wire.WITH_PORTS and before.sport != after.sport
            if after.is_error or after.offset or not (moved or before.source != after.source):
                continue
            dport = after.sport if after.protocol in (wire.ICMP, wire.ICMP6) else after.dport
            key = self.plain(after.protocol, after.source, after.sport, after.destination, dport)
            shown = "pool" if after.source in pool else wire.text(after.source)
            self.names[key] = (shown, wire.text(before.source), self.own_port(before))

    def own_port(self, seen):
        """A packet's source port; of an answer the identifier that was asked with, which NAT may have changed on its way."""
        asked = self.names.get(self.plain(seen.protocol, seen.destination, seen.sport, seen.source, None))
        return asked[2] if asked and seen.protocol in (wire.ICMP, wire.ICMP6) else seen.sport

    @staticmethod
    def plain(protocol, address, port, remote, remote_port):
        if protocol in wire.WITH_PORTS:
            return protocol, address, port, remote, remote_port
        return protocol, address, port if protocol in (wire.ICMP, wire.ICMP6) else None, remote, None

    def ends(self, seen):
        """Both ends of a packet, by name where they have one."""
        sport = seen.sport
        dport = sport if seen.protocol in (wire.ICMP, wire.ICMP6) else seen.dport
        source = self.names.get(self.plain(seen.protocol, seen.source, sport, seen.destination, dport))
        destination = self.names.get(self.plain(seen.protocol, seen.destination, dport, seen.source, sport))
        if seen.protocol in (wire.ICMP, wire.ICMP6) and (source or destination):
            sport = (source or destination)[2]  # one identifier for both ends
        return source or (wire.text(seen.source), sport), destination or (wire.text(seen.destination), seen.dport)


def sum_error(data, seen):
    """What is wrong with the transport checksum: 0, or the difference; None where it can't be told."""
    at = wire.SUM_OFFSET.get(seen.protocol)
    message = data[seen.start : seen.end]
    if at is None or seen.fragment or seen.protocol == wire.SCTP or len(message) < at + 2:
        return None
    field = struct.unpack_from("!H", message, at)[0]
    if seen.protocol == wire.UDP and field == 0:
        return None
    right = wire.transport_checksum(seen.source, seen.destination, seen.protocol, message[:at] + b"\0\0" + message[at + 2 :])
    return (field - right) % 0xFFFF


def masked(data, seen):
    """The packet without what translation changes."""
    out = bytearray(data[: seen.end])
    at, size = (12, 8) if seen.version == 4 else (8, 32)
    out[at : at + size] = bytes(size)
    if seen.version == 4:
        out[10:12] = b"\0\0"
    blank = wire.SUM_OFFSET.get(seen.protocol)
    spans = [(0, 4)] if seen.protocol in wire.WITH_PORTS else [(4, 2)] if seen.sport is not None else []
    if blank is not None and seen.protocol != wire.SCTP:
        spans.append((blank, 2))
    for offset, length in spans if not seen.offset else []:
        begin = seen.start + offset
        out[begin : begin + length] = bytes(max(0, min(length, len(out) - begin)))
    return bytes(out)


def view(data, names):
    """A packet by the names of its ends."""
    seen = wire.read(data)
    if seen.bad:
        return data
    header = wire.checksum(data[: seen.start]) == 0 if seen.version == 4 else True
    if seen.is_error and not seen.fragment:
        inner = view_quoted(data[seen.start + 8 : seen.end], names)
        first = data[:2] + data[4:10] if seen.version == 4 else data[:4] + data[6:8]  # not how much is quoted
        return (header, names.ends(seen), sum_error(data, seen), first,
                data[seen.start : seen.start + 2] + data[seen.start + 4 : seen.start + 8], inner)
    return header, names.ends(seen), sum_error(data, seen), masked(data, seen)


def without_hops(data):
    """What there is of an IP header, without its time to live and checksum."""
    spans = [(8, 9), (10, 12)] if data[:1] < b"\x60" else [(7, 8)]
    return bytes(0 if any(low <= at < high for low, high in spans) else byte for at, byte in enumerate(data))


def view_quoted(data, names):
    """What an error quotes: the time to live, and so the header's checksum, may be those behind the router."""
    seen = wire.read(data)
    if seen.bad:
        return without_hops(data)
    first = bytearray(masked(data, seen))
    first[8 if seen.version == 4 else 7] = 0
    if seen.version == 4:
        del first[20 : seen.start]  # options that a router may fill in
        return names.ends(seen), bytes(first)
    first[4:7] = bytes(3)
    if data[6] == wire.FRAGMENT and not seen.fragment:  # whole: a router may take its fragment header off (RFC 6946)
        del first[40:48]
    return names.ends(seen), bytes(first)


def quoted(data, names):
    """Of the quote in an error that the router made, what every router must quote (RFC 792)."""
    seen = wire.read(data)
    if seen.bad:
        return data
    ends, first = view_quoted(data, names)
    return ends, first[: (20 if seen.version == 4 else seen.start) + 8 - (data[6] == wire.FRAGMENT and not seen.fragment) * 8]


def own_answer(data, names):
    """A packet that the router made."""
    seen = wire.read(data)
    good = sum_error(data, seen) == 0
    if seen.is_error:
        word = data[seen.start + 4 : seen.start + 8]
        return ERROR, (good, wire.text(seen.source), wire.text(seen.destination), seen.kind, seen.code, word,
                       quoted(data[seen.start + 8 : seen.end], names))
    if seen.protocol in (wire.ICMP, wire.ICMP6) and seen.kind in (0, 129):
        return ECHO, (good, wire.text(seen.source), wire.text(seen.destination), data[seen.start + 4 : seen.end])
    if seen.flags is not None and seen.flags & wire.RST:
        return RESET, (good, wire.text(seen.source), wire.text(seen.destination), seen.sport, seen.dport, seen.flags,
                       data[seen.start + 4 : seen.start + 12])
    return OTHER, (data,)


def is_noise(frame):
    """What a router says by itself: ARP, and IPv6 groups."""
    return frame[12:14] in NOISE_TYPES or (frame[12:14] == b"\x86\xdd" and frame[38:39] == b"\xff") or frame[:1] == b"\xff"


def is_forwarded(sent, data):
    """Whether an output is the packet `sent`, one hop older."""
    before, after = wire.read(sent), wire.read(data)
    if before.bad or after.bad or before.version != after.version or before.number != after.number:
        return False
    return after.ttl == before.ttl - 1 and after.protocol == before.protocol


def output(sent, port, frame, names):
    """One output as a tuple; `sent` is the IP packet that it comes of."""
    where = network.BY_NAME[port]
    to_there = frame[:12] == where.far_mac + where.mac
    data = frame[14:]
    if is_forwarded(sent, data):
        return FORWARD, port, to_there, view(data, names)
    kind, what = own_answer(data, names)
    return kind, port, to_there, what


def whole(pieces):
    """Fragments of one datagram put together: the IP packet, or None."""
    parts = sorted({wire.read(data).offset: data for data in pieces}.items())  # one that came twice counts once
    first = parts[0][1]
    body, at = b"", 0
    for offset, data in parts:
        seen = wire.read(data)
        if offset != at:
            return None
        body += data[seen.start : seen.end]
        at = len(body)
    if wire.read(parts[-1][1]).more:
        return None
    seen = wire.read(first)
    if seen.version == 4:
        return wire.ipv4_sealed(first[:2] + struct.pack("!H", 20 + len(body)) + first[4:6] + b"\0\0" + first[8:20] + body)
    return first[:4] + struct.pack("!HB", len(body), seen.protocol) + first[7:40] + body


def is_own(text):
    return str(ipaddress.ip_address(text)) in network.OWN
