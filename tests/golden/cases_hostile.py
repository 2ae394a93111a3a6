# SPDX-License-Identifier: Apache-2.0
"""Frames that no honest station sends: cut off at every length, absurd lengths, bad checksums, martians, bad fragments,
options and extension headers, VLAN stacks. Nothing comes out, and each is counted under its name. Where two checks would
both be right to refuse a frame, the case allows both names."""

import struct

from scapy.layers.inet import ICMP, IP, TCP, UDP, IPOption_LSRR, IPOption_SSRR
from scapy.layers.inet6 import (ICMPv6EchoRequest, IPv6, IPv6ExtHdrDestOpt, IPv6ExtHdrFragment, IPv6ExtHdrHopByHop,
                                IPv6ExtHdrRouting, Jumbo, PadN)
from scapy.layers.l2 import LLC, Dot1AD, Dot1Q, Dot3, Ether

from model import *

NOT_FORWARDED = ("ip-destination", "link-local", "not-for-us", "local-unwanted", "no-route", "consumed")


def sealed(packet, **patches):
    """The bytes of an IPv4 packet with some header bytes overwritten, and the checksum right again."""
    raw = bytearray(bytes(packet))
    for at, value in patches.items():
        raw[int(at[1:])] = value
    return bytes(ipv4_sealed(bytes(raw)))


def patched(packet, at, value):
    raw = bytearray(bytes(packet))
    raw[at : at + len(value)] = value
    return bytes(raw)


def dropped(*rows):
    """(packet, reasons) rows out of LAN's host."""
    return [send(LAN, LAN.sends(packet), reasons) for packet, reasons in rows]


def parameter_problem_allowed():
    """RFC 792: a bad header may be answered with parameter problem, type 12."""

    class ParameterProblem:
        def differs(self, frame):
            ether = Ether(frame)
            if ICMP in ether and ether[ICMP].type == 12:
                return wrong_checksum(frame)
            raw = ip_bytes(ether) if IPv6 in ether else b""
            return wrong_checksum(frame) if raw[6:7] == b"\x3a" and raw[40] == 4 else "no parameter problem"

        def __str__(self):
            return "a parameter problem"

    return allow(LAN, ParameterProblem())


def spoofed(packet):
    """Dropped or forwarded, as the router likes, but nothing else."""
    frame = LAN.sends(packet)
    out = Exactly(WAN.receives(hop(ip_bytes(frame))))
    return [send(LAN, frame, ("ip-source", "forwarded")), allow(WAN, out)]


def cut(frame, reasons):
    """A frame at every length below its own; reasons: (up to this length, names)."""
    frame = bytes(frame)
    return [send(LAN, frame[:length], next(names for limit, names in reasons if length < limit))
            for length in range(1, len(frame))]


def shortened(packet, keep, reasons):
    """An IPv4 packet cut to `keep` bytes, with a length that says so."""
    raw = bytes(packet)[:keep]
    return (ipv4_sealed(raw[:2] + struct.pack("!H", keep) + raw[4:]), reasons)


def shortened6(packet, keep, reasons):
    raw = bytes(packet)[:keep]
    return (raw[:4] + struct.pack("!H", keep - 40) + raw[6:], reasons)


PACKET = udp4(LAN, WAN)
PACKET6 = udp6(LAN, WAN)
TCP4, TCP6 = tcp4(LAN, WAN), tcp6(LAN, WAN)
RUNT = (14, "runt")
CUT4 = [RUNT, (10000, "ip-truncated")]
CUT_TAGGED = [RUNT, (18, ("runt", "vlan-unknown", "ip-truncated", "ethertype-unknown")), (10000, "ip-truncated")]


def ipv4(src=LAN.host4, dst=WAN.host4, **header):
    return IP(src=src, dst=dst, id=7, **header) / UDP(sport=4000, dport=5000) / body(24)


def ipv6(src=LAN.host6, dst=WAN.host6):
    return IPv6(src=src, dst=dst) / UDP(sport=4000, dport=5000) / body(24)


def fragment4(offset, more, length, protocol=17, first=b""):
    packet = IP(src=LAN.host4, dst=WAN.host4, id=8, frag=offset, flags="MF" if more else 0, proto=protocol)
    return packet / (first + body(length - len(first)))


def fragment6(offset, more, length, protocol=17):
    return IPv6(src=LAN.host6, dst=WAN.host6) / IPv6ExtHdrFragment(id=8, offset=offset, m=more, nh=protocol) / body(length)


def chain6(*headers):
    packet = IPv6(src=LAN.host6, dst=WAN.host6)
    for header in headers:
        packet = packet / header
    return packet / UDP(sport=4000, dport=5000) / body(16)


def destination_options(number):
    return [IPv6ExtHdrDestOpt(options=[PadN(optdata=b"\0\0\0\0")]) for _ in range(number)]


CASES = [
    Case("IPv4 cut off at every length", cut(LAN.sends(PACKET), CUT4)),
    Case("IPv4 with options cut off at every length", cut(LAN.sends(udp4(LAN, WAN, options=b"\x94\x04\0\0")), CUT4)),
    Case("IPv6 cut off at every length", cut(LAN.sends(PACKET6), CUT4)),
    Case("IPv6 with extension headers cut off at every length",
         cut(LAN.sends(chain6(IPv6ExtHdrHopByHop(), IPv6ExtHdrFragment(id=1))), CUT4)),
    Case("a tagged frame cut off at every length", cut(GUEST.sends(udp4(GUEST, WAN)), CUT_TAGGED)),
    Case("TCP cut off at every length, with an IP length to match",
         dropped(*[shortened(TCP4, keep, "l4-truncated") for keep in range(20, 40)])),
    Case("UDP cut off at every length, with an IP length to match",
         dropped(*[shortened(PACKET, keep, "l4-truncated") for keep in range(20, 28)])),
    Case("ICMP cut off at every length, with an IP length to match",
         dropped(*[shortened(ping4(LAN, WAN), keep, "l4-truncated") for keep in range(20, 28)])),
    Case("transport headers cut off at every length over IPv6",
         dropped(*[shortened6(TCP6, keep, "l4-truncated") for keep in range(40, 60)],
                 *[shortened6(PACKET6, keep, "l4-truncated") for keep in range(40, 48)])),
    Case("a TCP data offset that is absurd",
         dropped((IP(src=LAN.host4, dst=WAN.host4) / TCP(dataofs=4), "l4-truncated"),
                 (IP(src=LAN.host4, dst=WAN.host4) / TCP(dataofs=0), "l4-truncated"),
                 (IP(src=LAN.host4, dst=WAN.host4) / TCP(dataofs=15), "l4-truncated"))),

    Case("IP versions that the EtherType does not announce",
         dropped(*[(sealed(PACKET, b0=version << 4 | 5), "ip-version") for version in (0, 1, 3, 5, 7, 15)]),
         send(LAN, Ether(src=LAN.host_mac, dst=LAN.mac, type=0x86DD) / bytes(PACKET), "ip-version"),
         send(LAN, Ether(src=LAN.host_mac, dst=LAN.mac, type=0x0800) / bytes(PACKET6), "ip-version")),
    Case("IPv4 header lengths below 20",
         dropped(*[(patched(PACKET, 0, bytes([0x40 | words])), "ip-header") for words in range(5)])),
    Case("an IPv4 header longer than its packet", dropped((shortened(patched(PACKET, 0, b"\x4f"), 40, ("ip-header", "ip-truncated"))))),
    Case("IPv4 total lengths below the header's", dropped(
        *[(ipv4_sealed(patched(PACKET, 2, struct.pack("!H", length))), "ip-header") for length in (0, 1, 19)])),
    Case("IPv4 total lengths beyond the frame", dropped(
        *[(ipv4_sealed(patched(PACKET, 2, struct.pack("!H", length))), "ip-truncated") for length in (61, 1500, 65535)])),
    Case("IPv6 payload lengths beyond the frame", dropped(
        *[(patched(PACKET6, 4, struct.pack("!H", length)), "ip-truncated") for length in (41, 1500, 65535)])),
    Case("an IPv4 header checksum with any bit wrong", dropped(
        *[(patched(PACKET, 10, struct.pack("!H", struct.unpack("!H", bytes(PACKET)[10:12])[0] ^ 1 << bit)), "ip-checksum")
          for bit in range(16)])),

    Case("IPv4 sources that must not be on the wire (RFC 1812, section 5.3.7)",
         dropped(*[(ipv4(src=source), "ip-source") for source in
                   ("127.0.0.1", "0.1.2.3", "255.255.255.255", "224.0.0.1", "239.255.255.255", "240.0.0.1",
                    "10.0.0.255")]),
         dropped((ipv4(src="0.0.0.0"), "ip-source"))),
    Case("the port's own addresses as a source", dropped((ipv4(src=LAN.ipv4), "ip-source"), (ipv6(src=LAN.ipv6), "ip-source"))),
    # RFC 1812, section 5.3.8, leaves validating sources further than that to the router.
    Case("another port's addresses as a source", spoofed(ipv4(src=WAN.ipv4)), spoofed(ipv6(src=WAN.ipv6))),
    Case("the appliance is asked in its own name: it does not answer itself for ever",
         dropped((IP(src=WAN.ipv4, dst=LAN.ipv4) / ICMP() / body(8), ("ip-source", "consumed", "local-unwanted")),
                 (IPv6(src=WAN.ipv6, dst=LAN.ipv6) / ICMPv6EchoRequest(data=body(8)), ("ip-source", "consumed", "local-unwanted")),
                 (udp4(WAN.ipv4, LAN.ipv4), ("ip-source", "local-unwanted")))),
    Case("IPv4 destinations that are never forwarded",
         dropped(*[(ipv4(dst=target), ("ip-destination", "local-unwanted")) for target in ("127.0.0.1", "0.0.0.0", "0.1.2.3", "240.0.0.1")]),
         dropped(*[(ipv4(dst=target), NOT_FORWARDED) for target in ("255.255.255.255", "224.0.0.1", "239.1.2.3")])),
    Case("directed broadcasts are not forwarded (RFC 2644)", dropped((ipv4(dst="192.0.2.255"), NOT_FORWARDED),
                                                                     (ipv4(dst="10.0.0.255"), NOT_FORWARDED))),
    Case("IPv6 sources that must not be on the wire",
         dropped(*[(ipv6(src=source), "ip-source") for source in ("::1", "ff02::1", "ff0e::1", "::")]),
         dropped((IPv6(src="::", dst=WAN.host6) / ICMPv6EchoRequest(data=body(8)), "ip-source"),
                 (IPv6(src="::", dst=LAN.ipv6) / ICMPv6EchoRequest(data=body(8)), "ip-source"))),
    Case("IPv6 destinations that are never forwarded",
         dropped((ipv6(dst="::1"), ("ip-destination",)), (ipv6(dst="::"), ("ip-destination", "no-route")),
                 (ipv6(dst="fe80::99"), ("link-local",)),
                 (ipv6(dst="ff0e::1234"), NOT_FORWARDED), (ipv6(dst="ff02::5"), NOT_FORWARDED),
                 (ipv6(src="fe80::10"), ("link-local", "ip-source")))),
    Case("IP in an Ethernet broadcast or multicast is not forwarded (RFC 1812, section 5.3.4)",
         *[send(LAN, LAN.sends(packet, dst=group), NOT_FORWARDED) for packet in (PACKET, PACKET6, udp4(LAN, WAN, ttl=1))
           for group in (BROADCAST, "01:00:5e:00:00:01")]),
    Case("frames for other stations", send(LAN, LAN.sends(PACKET, dst="02:00:00:00:77:77"), "not-for-us"),
         send(LAN, LAN.sends(PACKET6, dst=WAN.mac), "not-for-us"), send(GUEST, GUEST.sends(PACKET, dst="02:00:00:00:77:77"), "not-for-us")),
    Case("a frame that we sent ourselves comes back", send(LAN, LAN.receives(hop(ip_bytes(Ether(bytes(WAN.sends(udp4(WAN, LAN)))))) ), "not-for-us")),

    Case("EtherTypes that nobody knows",
         *[send(LAN, Ether(src=LAN.host_mac, dst=LAN.mac, type=kind) / body(46), "ethertype-unknown")
           for kind in (0x0801, 0x8847, 0x8863, 0x88CC, 0x9000, 0xFFFF)],
         send(LAN, Dot3(src=LAN.host_mac, dst=LAN.mac) / LLC() / body(40), "ethertype-unknown"),
         send(LAN, Ether(src=LAN.host_mac, dst=LAN.mac, type=0) / body(46), "ethertype-unknown")),
    Case("VLANs that no port has",
         *[send(LAN, Ether(src=LAN.host_mac, dst=LAN.mac) / Dot1Q(vlan=vlan) / PACKET, "vlan-unknown") for vlan in (1, 19, 21, 40, 4094, 4095)],
         send(WAN, Ether(src=WAN.host_mac, dst=WAN.mac) / Dot1Q(vlan=20) / PACKET, "vlan-unknown")),
    Case("VLAN stacks",
         send(LAN, Ether(src=LAN.host_mac, dst=LAN.mac) / Dot1Q(vlan=20) / Dot1Q(vlan=20) / PACKET, "vlan-unknown"),
         send(LAN, Ether(src=LAN.host_mac, dst=LAN.mac) / Dot1Q(vlan=0) / Dot1Q(vlan=20) / PACKET, "vlan-unknown"),
         send(LAN, Ether(src=LAN.host_mac, dst=LAN.mac) / Dot1Q(vlan=20) / Dot1AD(vlan=1) / PACKET, ("vlan-unknown", "ethertype-unknown")),
         send(LAN, Ether(src=LAN.host_mac, dst=LAN.mac) / Dot1AD(vlan=1) / Dot1Q(vlan=20) / PACKET, ("vlan-unknown", "ethertype-unknown")),
         send(LAN, bytes(Ether(src=LAN.host_mac, dst=LAN.mac) / Dot1Q(vlan=20, type=0x8100)) + b"\x00\x14\x81\x00" * 300, "vlan-unknown")),

    Case("a service tag (0x88a8) is not a customer's tag (IEEE 802.1Q, section 9.5)",
         send(LAN, Ether(src=LAN.host_mac, dst=LAN.mac) / Dot1AD(vlan=20) / udp4(GUEST, WAN), ("vlan-unknown", "ethertype-unknown"))),

    Case("source routes (RFC 7126)",
         dropped((udp4(LAN, WAN, options=[IPOption_LSRR(routers=["192.0.2.10"])]), "ip-options"),
                 (udp4(LAN, WAN, options=[IPOption_SSRR(routers=["192.0.2.10"])]), "ip-options"),
                 (udp4(LAN, LAN.ipv4, options=[IPOption_LSRR(routers=["192.0.2.10"])]), "ip-options")),
         parameter_problem_allowed()),
    Case("malformed IPv4 options",
         dropped(*[(udp4(LAN, WAN, options=options), "ip-options") for options in
                   (b"\x94\x00\0\0", b"\x94\x01\0\0", b"\x94\x05\0\0", b"\x94\xff\0\0", b"\x01\x01\x01\x94",
                    b"\x1e" + b"\x29" + bytes(38))]),
         parameter_problem_allowed()),
    Case("IPv6 extension headers that go wrong",
         dropped((chain6(IPv6ExtHdrDestOpt(), IPv6ExtHdrHopByHop()), "ipv6-extension"),
                 (chain6(IPv6ExtHdrHopByHop(), IPv6ExtHdrHopByHop()), "ipv6-extension"),
                 (chain6(IPv6ExtHdrDestOpt(len=255)), ("ipv6-extension", "ip-truncated")),
                 (chain6(*destination_options(60)), "ipv6-extension"),
                 (chain6(IPv6ExtHdrFragment(id=1), IPv6ExtHdrFragment(id=2, offset=1, nh=17)), "ipv6-extension"),
                 (chain6(IPv6ExtHdrFragment(id=3, m=1), IPv6ExtHdrFragment(id=4, offset=1, nh=17)), "fragment-bad"),
                 (IPv6(src=LAN.host6, dst=WAN.host6, nh=0), ("ipv6-extension", "ip-truncated")),
                 (IPv6(src=LAN.host6, dst=WAN.host6, nh=44) / bytes(7), ("ipv6-extension", "fragment-bad", "ip-truncated")),
                 (IPv6(src=LAN.host6, dst=WAN.host6, nh=60) / b"\x3c", ("ipv6-extension", "ip-truncated"))),
         parameter_problem_allowed()),
    Case("an IPv6 jumbogram (RFC 2675) is refused",
         dropped((IPv6(src=LAN.host6, dst=WAN.host6, plen=0) / IPv6ExtHdrHopByHop(options=[Jumbo(jumboplen=70000)]) / UDP() / body(64),
                  ("ipv6-extension", "ip-header", "ip-truncated"))), parameter_problem_allowed()),

    Case("tiny first fragments of TCP (RFC 1858, section 3; RFC 3128)",
         dropped((fragment4(0, True, 8, 6), "fragment-bad"), (fragment4(0, True, 16, 6), "fragment-bad"),
                 (fragment4(1, True, 16, 6), "fragment-bad"), (fragment4(1, False, 24, 6), "fragment-bad"))),
    Case("fragments beyond 65535 bytes",
         dropped((fragment4(8191, False, 64), "fragment-bad"), (fragment4(8189, True, 64), "fragment-bad"),
                 (fragment6(8191, 0, 64), "fragment-bad"), (fragment6(8189, 1, 64), "fragment-bad"))),
    Case("fragments that are not the last and not a multiple of 8 bytes",
         dropped((fragment4(0, True, 33), "fragment-bad"), (fragment4(10, True, 12), "fragment-bad"),
                 (fragment6(0, 1, 33), "fragment-bad"), (fragment6(10, 1, 12), "fragment-bad"))),
    Case("fragments without data", dropped((fragment4(10, True, 0), "fragment-bad"), (fragment6(10, 1, 0), "fragment-bad"))),
    Case("a first IPv6 fragment without its transport header (RFC 7112)",
         dropped((fragment6(0, 1, 8, 6), ("fragment-bad", "l4-truncated")), (fragment6(0, 1, 16, 6), ("fragment-bad", "l4-truncated")))),

    Case("garbage", *[send(LAN, bytes((at * 131 + seed * 29 + (at * seed >> 3)) & 0xFF for at in range(length)),
                           ("runt", "not-for-us", "ethertype-unknown"))
                      for seed, length in enumerate((1, 2, 6, 13, 14, 15, 60, 64, 200, 1514))]),
    Case("still at work after all that", crosses(LAN, WAN, PACKET), crosses(LAN, WAN, PACKET6)),
]
