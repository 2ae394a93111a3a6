# SPDX-License-Identifier: Apache-2.0
"""What is forwarded: between ports and VLANs, by longest prefix, in pieces, jumbo frames, options and extension headers."""

from scapy.layers.inet import ICMP, IP, TCP, UDP, IPOption, IPOption_EOL, IPOption_NOP, IPOption_Router_Alert
from scapy.layers.inet6 import (ICMPv6EchoRequest, IPv6, IPv6ExtHdrDestOpt, IPv6ExtHdrFragment, IPv6ExtHdrHopByHop,
                                IPv6ExtHdrRouting, PadN, RouterAlert)
from scapy.layers.l2 import Dot1Q, Ether

from model import *

# RFC 5735 and 3849 networks behind the gateways of gateway.yaml
LONGEST_PREFIX = [
    ("10.1.9.9", LAN, "02:00:00:00:01:fe"),
    ("10.1.2.1", WAN, WAN_OTHER),
    ("10.1.2.127", WAN, WAN_OTHER),
    ("10.1.2.128", NARROW, None),
    ("10.1.2.199", NARROW, None),
    ("10.1.2.200", GUEST, None),
    ("10.1.2.201", NARROW, None),
    ("10.1.3.0", LAN, "02:00:00:00:01:fe"),
    ("10.2.0.0", WAN, WAN_GATEWAY),
    ("198.18.0.1", WAN, WAN_GATEWAY),
]
LONGEST_PREFIX_6 = [
    ("2001:db8:a:1::1", LAN, "02:00:00:00:01:fe"),
    ("2001:db8:a:2::7fff", WAN, WAN_OTHER),
    ("2001:db8:a:2::8000", NARROW, None),
    ("2001:db8:a:2::8887", NARROW, None),
    ("2001:db8:a:2::8888", GUEST, None),
    ("2001:db8:a:2::8889", NARROW, None),
    ("2001:db8:a:3::1", LAN, "02:00:00:00:01:fe"),
    ("2001:db8:b::1", WAN, WAN_GATEWAY),
]


def longest_prefix(table, packet):
    return [step for target, to, mac in table for step in crosses(WIDE, to, packet(WIDE, target), mac)]


def in_pieces(source, packet, mtu=NARROW_MTU, to=NARROW):
    """`packet` leaves as fragments."""
    frame = source.sends(packet)
    return [send(source, frame)] + [expect(to, to.receives(piece)) for piece in fragments(hop(ip_bytes(frame)), mtu)]


def options_in_pieces():
    """RFC 791, section 3.1: an option with the copied bit is in every fragment, another only in the first."""
    copied, first_only = IPOption_Router_Alert(), IPOption(copy_flag=0, optclass="control", option=30, length=4, value=b"ab")
    frame = LAN.sends(udp4(LAN, NARROW, 1400, options=[copied, first_only]))
    sent = ip_bytes(frame)

    def question(outputs):
        pieces, data = [ip_bytes(Ether(frame)) for frame in outputs["narrow"]], b""
        if len(pieces) < 2:
            return [f"{len(pieces)} fragments"]
        wrong = []
        for number, piece in enumerate(pieces):
            length, word = (piece[0] & 15) * 4, int.from_bytes(piece[6:8], "big")
            if ipv4_sealed(piece) != piece or piece[8] != sent[8] - 1 or len(piece) > NARROW_MTU:
                wrong.append(f"fragment {number}: checksum, time to live or length: {piece[:32].hex()}")
            if (b"\x94\x04\0\0" in piece[20:length]) is False:
                wrong.append(f"fragment {number} lacks the copied option")
            if (b"\x1e\x04ab" in piece[20:length]) != (number == 0):
                wrong.append(f"fragment {number} and the option that is not copied")
            if (word & 0x1FFF) * 8 != len(data) or bool(word & 0x2000) != (number < len(pieces) - 1):
                wrong.append(f"fragment {number} is placed by {word:04x} after {len(data)} bytes")
            data += piece[length:]
        return wrong + ([] if data == sent[28:] else ["the fragments do not add up to the datagram"])

    class Piece:
        def differs(self, _):
            return None

        def __str__(self):
            return "a fragment"

    return [send(LAN, frame), allow(NARROW, Piece(), least=2), Check(question)]


def padded(source, packet, padding):
    """A short packet with link padding behind it, which must not travel on."""
    frame = bytes(source.sends(packet))
    return frame + padding


SHORT = udp4(LAN, WAN, 4)
SHORT6 = IPv6(src=LAN.host6, dst=WAN.host6, nh=59)
PING6 = IPv6(src=LAN.host6, dst=WAN.host6) / ICMPv6EchoRequest(id=7, seq=1, data=body(56))


def extended(header, source=LAN, destination=WAN):
    return IPv6(src=source.host6, dst=destination.host6) / header / UDP(sport=4000, dport=5000) / body(32)


CASES = [
    Case("an IPv4 packet crosses, either way", crosses(LAN, WAN, udp4(LAN, WAN)), crosses(WAN, LAN, udp4(WAN, LAN))),
    Case("an IPv6 packet crosses, either way", crosses(LAN, WAN, udp6(LAN, WAN)), crosses(WAN, LAN, udp6(WAN, LAN))),
    Case("TCP, ICMP, and a protocol nobody knows",
         crosses(LAN, WAN, tcp4(LAN, WAN)), crosses(LAN, WAN, ping4(LAN, WAN)), crosses(LAN, WAN, tcp6(LAN, WAN)),
         crosses(LAN, WAN, PING6), crosses(LAN, WAN, IP(src=LAN.host4, dst=WAN.host4, proto=253) / body(40)),
         crosses(LAN, WAN, IPv6(src=LAN.host6, dst=WAN.host6, nh=253) / body(40))),
    Case("the transport checksum is none of a router's business",
         crosses(LAN, WAN, IP(src=LAN.host4, dst=WAN.host4) / UDP(chksum=0xBAD) / body(16)),
         crosses(LAN, WAN, IP(src=LAN.host4, dst=WAN.host4) / UDP(chksum=0) / body(16)),
         crosses(LAN, WAN, IP(src=LAN.host4, dst=WAN.host4) / TCP(chksum=0xBAD) / body(16))),
    Case("type of service, identification and flow label travel unchanged",
         crosses(LAN, WAN, udp4(LAN, WAN, tos=0xB9, flags="DF")),
         crosses(LAN, WAN, udp6(LAN, WAN, tc=0xB9, fl=0x12345))),
    Case("the last hop that is allowed: time to live 2", crosses(LAN, WAN, udp4(LAN, WAN, ttl=2)),
         crosses(LAN, WAN, udp6(LAN, WAN, hlim=2))),
    Case("every time to live keeps the checksum right (RFC 1624)",
         *[crosses(LAN, WAN, IP(src=LAN.host4, dst=WAN.host4, id=ident, ttl=ttl) / UDP() / body(8))
           for ttl in (2, 3, 64, 128, 254, 255) for ident in (0, 1, 0x3E2F, 0x4E2E, 0xFFFE, 0xFFFF)]),
    Case("longest prefix, IPv4", longest_prefix(LONGEST_PREFIX, udp4)),
    Case("longest prefix, IPv6", longest_prefix(LONGEST_PREFIX_6, udp6)),
    Case("back out of the port it came from", crosses(LAN, LAN, udp4(LAN, "10.1.9.9"), "02:00:00:00:01:fe")),
    Case("an empty datagram and an IP header alone",
         crosses(LAN, WAN, udp4(LAN, WAN, 0)), crosses(LAN, WAN, IP(src=LAN.host4, dst=WAN.host4, proto=253)),
         crosses(LAN, WAN, SHORT6)),
    Case("link padding is left behind",
         send(LAN, padded(LAN, SHORT, b"\xaa" * 14)), expect(WAN, WAN.receives(hop(bytes(SHORT)))),
         send(LAN, padded(LAN, SHORT6, b"\xaa" * 6)), expect(WAN, WAN.receives(hop(bytes(SHORT6))))),
    Case("1500 bytes fit 1500", crosses(LAN, WAN, udp4(LAN, WAN, 1472, flags="DF")), crosses(LAN, WAN, udp6(LAN, WAN, 1452))),

    Case("into a VLAN", crosses(WAN, GUEST, udp4(WAN, GUEST)), crosses(WAN, GUEST, udp6(WAN, GUEST))),
    Case("out of a VLAN", crosses(GUEST, WAN, udp4(GUEST, WAN)), crosses(GUEST, WAN, udp6(GUEST, WAN))),
    Case("between a port and a VLAN on the same device", crosses(LAN, GUEST, udp4(LAN, GUEST)), crosses(GUEST, LAN, udp4(GUEST, LAN))),
    Case("from VLAN to VLAN", crosses(GUEST, STORAGE, udp4(GUEST, STORAGE)), crosses(STORAGE, GUEST, udp6(STORAGE, GUEST))),
    Case("priority tag, VLAN 0: the port itself",
         send(LAN, Ether(src=LAN.host_mac, dst=LAN.mac) / Dot1Q(vlan=0, prio=5) / SHORT),
         expect(WAN, WAN.receives(hop(bytes(SHORT))))),
    Case("priority and DEI bits of a tag",
         send(LAN, Ether(src=LAN.host_mac, dst=LAN.mac) / Dot1Q(vlan=20, prio=7, id=1) / udp4(GUEST, WAN)),
         expect(WAN, WAN.receives(hop(bytes(udp4(GUEST, WAN)))))),

    Case("fragmentation of a full packet", in_pieces(LAN, udp4(LAN, NARROW, 1472))),
    Case("exactly the MTU, and one byte more",
         crosses(LAN, NARROW, udp4(LAN, NARROW, NARROW_MTU - 28)), in_pieces(LAN, udp4(LAN, NARROW, NARROW_MTU - 27))),
    Case("a fragment is fragmented again (RFC 791, section 3.2)",
         in_pieces(LAN, IP(src=LAN.host4, dst=NARROW.host4, id=9, flags="MF", frag=0) / UDP(len=3000) / body(1448)),
         in_pieces(LAN, IP(src=LAN.host4, dst=NARROW.host4, id=9, flags="MF", frag=182, proto=17) / body(1456)),
         in_pieces(LAN, IP(src=LAN.host4, dst=NARROW.host4, id=9, flags=0, frag=364, proto=17) / body(1451))),
    Case("fragmentation of 9000 bytes", in_pieces(WIDE, udp4(WIDE, LAN, 8972), 1500, LAN),
         in_pieces(WIDE, udp4(WIDE, NARROW, 8972)), in_pieces(WIDE, udp4(WIDE, GUEST, 8972), 1500, GUEST)),
    Case("fragmentation of a datagram with options", options_in_pieces()),
    Case("fragments pass as they are",
         crosses(LAN, WAN, IP(src=LAN.host4, dst=WAN.host4, id=5, flags="MF") / UDP(len=2008) / body(1472)),
         crosses(LAN, WAN, IP(src=LAN.host4, dst=WAN.host4, id=5, frag=185, proto=17) / body(528)),
         crosses(LAN, WAN, IP(src=LAN.host4, dst=WAN.host4, id=6, frag=100, flags="MF", proto=6) / body(8))),
    Case("IPv6 fragments pass as they are",
         crosses(LAN, WAN, extended(IPv6ExtHdrFragment(id=9, m=1, offset=0))),
         crosses(LAN, WAN, IPv6(src=LAN.host6, dst=WAN.host6) / IPv6ExtHdrFragment(id=9, offset=5, nh=17) / body(100))),
    Case("an atomic IPv6 fragment (RFC 6946)", crosses(LAN, WAN, extended(IPv6ExtHdrFragment(id=9)))),

    Case("jumbo frames, IPv4", crosses(WIDE, STORAGE, udp4(WIDE, STORAGE, 8972)), crosses(STORAGE, WIDE, udp4(STORAGE, WIDE, 8972))),
    Case("jumbo frames, IPv6", crosses(WIDE, STORAGE, udp6(WIDE, STORAGE, 8952)), crosses(STORAGE, WIDE, udp6(STORAGE, WIDE, 8952))),
    Case("jumbo frames of all lengths around a buffer's",
         *[crosses(WIDE, STORAGE, udp4(WIDE, STORAGE, length))
           for length in (1900, 2004, 2005, 2006, 2007, 2020, 2048, 2170, 2176, 4000, 4096, 4099, 6100, 8192)]),

    Case("IPv4 options that are no danger",
         crosses(LAN, WAN, udp4(LAN, WAN, options=[IPOption_NOP(), IPOption_NOP(), IPOption_EOL()])),
         crosses(LAN, WAN, udp4(LAN, WAN, options=[IPOption_Router_Alert()])),
         crosses(LAN, WAN, udp4(LAN, WAN, options=[IPOption(b"\x1e\x28" + body(38))]))),
    Case("IPv6 extension headers",
         crosses(LAN, WAN, extended(IPv6ExtHdrHopByHop(options=[PadN(optdata=b"\0\0\0\0")]))),
         crosses(LAN, WAN, extended(IPv6ExtHdrDestOpt(options=[PadN(optdata=b"\0\0\0\0")]))),
         crosses(LAN, WAN, extended(IPv6ExtHdrHopByHop(options=[RouterAlert()]) / IPv6ExtHdrDestOpt() / IPv6ExtHdrFragment(id=3))),
         crosses(LAN, WAN, extended(IPv6ExtHdrRouting(type=4, segleft=0)))),
]
