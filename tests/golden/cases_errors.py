# SPDX-License-Identifier: Apache-2.0
"""Packets that end here and what their senders are told: time exceeded, unreachable, too big; echo; local delivery; when
an ICMP error must not be sent."""

from scapy.layers.inet import ICMP, IP, TCP, UDP
from scapy.layers.inet6 import ICMPv6DestUnreach, ICMPv6EchoReply, ICMPv6EchoRequest, IPv6, IPv6ExtHdrFragment
from scapy.layers.l2 import Ether

from model import *

# ICMP types (RFC 792, RFC 1812 section 5.2.7, RFC 4443)
UNREACHABLE4, EXCEEDED4 = 3, 11
UNREACHABLE6, TOO_BIG6, EXCEEDED6, PARAMETER6 = 1, 2, 3, 4
PORT4, PROTOCOL4, FRAGMENTATION_NEEDED4, PORT6 = 3, 2, 4, 4
NET_OR_HOST4 = (0, 1)  # RFC 1812, section 5.2.7.1, knows both
NO_ROUTE_OR_REJECT6 = (0, 6)  # RFC 4443, section 3.1: no route, reject route


def echo4(source, address, length=56, **header):
    """The appliance answers an echo request to one of its addresses."""
    request = source.sends(IP(src=source.host4, dst=address, id=9, **header) / ICMP(id=7, seq=3) / body(length))
    reply = IP(src=address, dst=source.host4) / ICMP(type="echo-reply", id=7, seq=3) / body(length)
    return [send(source, request, "consumed"), expect(source, Originated(source.receives(reply)))]


def echo6(source, address, length=56, **header):
    request = source.sends(IPv6(src=source.host6, dst=address, **header) / ICMPv6EchoRequest(id=7, seq=3, data=body(length)))
    reply = IPv6(src=address, dst=source.host6) / ICMPv6EchoReply(id=7, seq=3, data=body(length))
    return [send(source, request, "consumed"), expect(source, Originated(source.receives(reply)))]


class AnyReset:
    """A TCP reset: RFC 9293 asks a host for one, a router may be silent."""

    def differs(self, frame):
        ether = Ether(frame)
        return wrong_checksum(frame) if TCP in ether and ether[TCP].flags.R else "no reset"

    def __str__(self):
        return "a TCP reset"


class OneOfTheErrors:
    """Under the rate limit any of the errors may be the one that is sent."""

    def differs(self, frame):
        ether = Ether(frame)
        return wrong_checksum(frame) if ICMP in ether and ether[ICMP].type == EXCEEDED4 else "no time exceeded"

    def __str__(self):
        return "time exceeded"


def at_most(port, limit):
    def question(outputs):
        return [f"{len(outputs[port])} errors in one moment"] if len(outputs[port]) > limit else []

    return Check(question)


def error_about(packet):
    """An ICMP error that another router sent, with a packet of LAN's host quoted."""
    return IP(src=LAN.host4, dst=WAN.host4, ttl=1) / packet / bytes(udp4(WAN, LAN))[:28]


CASES = [
    Case("time to live 1", refused(LAN, udp4(LAN, WAN, ttl=1), "ttl-exceeded", (EXCEEDED4, 0)),
         refused(LAN, tcp4(LAN, WAN, ttl=1), "ttl-exceeded", (EXCEEDED4, 0)),
         refused(WAN, ping4(WAN, LAN, 1400, ttl=1), "ttl-exceeded", (EXCEEDED4, 0))),
    Case("hop limit 1", refused(LAN, udp6(LAN, WAN, hlim=1), "ttl-exceeded", (EXCEEDED6, 0)),
         refused(WAN, tcp6(WAN, LAN, hlim=1), "ttl-exceeded", (EXCEEDED6, 0))),
    Case("hop limit 1, quoting all that fits 1280 bytes (RFC 4443, section 3.3)",
         refused(LAN, udp6(LAN, WAN, 1184, hlim=1), "ttl-exceeded", (EXCEEDED6, 0)),
         refused(LAN, udp6(LAN, WAN, 1185, hlim=1), "ttl-exceeded", (EXCEEDED6, 0)),
         refused(LAN, udp6(LAN, WAN, 1452, hlim=1), "ttl-exceeded", (EXCEEDED6, 0))),
    Case("time to live 1 out of a VLAN", refused(GUEST, udp4(GUEST, WAN, ttl=1), "ttl-exceeded", (EXCEEDED4, 0)),
         refused(GUEST, udp6(GUEST, WAN, hlim=1), "ttl-exceeded", (EXCEEDED6, 0))),
    Case("time to live 0 is used up, too", refused(LAN, udp4(LAN, WAN, ttl=0), "ttl-exceeded"),
         refused(LAN, udp6(LAN, WAN, hlim=0), "ttl-exceeded"),
         allow(LAN, Error(LAN, LAN.sends(udp4(LAN, WAN, ttl=0)), EXCEEDED4, 0)),
         allow(LAN, Error(LAN, LAN.sends(udp6(LAN, WAN, hlim=0)), EXCEEDED6, 0))),
    Case("time to live 1 to the appliance itself is in time (RFC 1812, section 5.3.1)",
         echo4(LAN, LAN.ipv4, ttl=1), echo6(LAN, LAN.ipv6, hlim=1)),
    Case("time exceeded with options in the packet",
         refused(LAN, udp4(LAN, WAN, ttl=1, options=b"\x94\x04\0\0"), "ttl-exceeded", (EXCEEDED4, 0))),

    Case("a blackhole is silent", refused(LAN, udp4(LAN, "203.0.113.7"), "route-reject"),
         refused(LAN, udp6(LAN, "2001:db8:dead::1"), "route-reject")),
    Case("an unreachable route answers", refused(LAN, udp4(LAN, "10.9.1.1"), "route-reject", (UNREACHABLE4, NET_OR_HOST4)),
         refused(LAN, udp6(LAN, "2001:db8:beef::1"), "route-reject", (UNREACHABLE6, NO_ROUTE_OR_REJECT6))),

    Case("DF and too long: fragmentation needed, with the MTU (RFC 1191)",
         refused(LAN, udp4(LAN, NARROW, 1472, flags="DF"), "too-big", (UNREACHABLE4, FRAGMENTATION_NEEDED4, NARROW_MTU)),
         refused(LAN, udp4(LAN, NARROW, NARROW_MTU - 27, flags="DF"), "too-big", (UNREACHABLE4, FRAGMENTATION_NEEDED4, NARROW_MTU)),
         crosses(LAN, NARROW, udp4(LAN, NARROW, NARROW_MTU - 28, flags="DF"))),
    Case("IPv6 too long: packet too big",
         refused(LAN, udp6(LAN, NARROW, 1452), "too-big", (TOO_BIG6, 0, NARROW_MTU)),
         refused(LAN, udp6(LAN, NARROW, NARROW_MTU - 47), "too-big", (TOO_BIG6, 0, NARROW_MTU)),
         crosses(LAN, NARROW, udp6(LAN, NARROW, NARROW_MTU - 48))),
    Case("9000 bytes too long for 1500",
         refused(WIDE, udp4(WIDE, LAN, 8972, flags="DF"), "too-big", (UNREACHABLE4, FRAGMENTATION_NEEDED4, 1500)),
         refused(WIDE, udp6(WIDE, LAN, 8952), "too-big", (TOO_BIG6, 0, 1500))),
    Case("time exceeded comes before too big",
         refused(LAN, udp4(LAN, NARROW, 1472, flags="DF", ttl=1), "ttl-exceeded", (EXCEEDED4, 0))),

    Case("echo to the appliance, IPv4", echo4(LAN, LAN.ipv4), echo4(WAN, WAN.ipv4), echo4(LAN, LAN.ipv4, 0), echo4(LAN, LAN.ipv4, 1)),
    Case("echo to the appliance, IPv6", echo6(LAN, LAN.ipv6), echo6(WAN, WAN.ipv6), echo6(LAN, LAN.ipv6, 0), echo6(LAN, LAN.ipv6, 1)),
    Case("echo to another port's address", echo4(LAN, WAN.ipv4), echo6(LAN, WAN.ipv6)),
    Case("echo in a VLAN", echo4(GUEST, GUEST.ipv4), echo6(GUEST, GUEST.ipv6)),
    Case("echo of a full and of a jumbo packet", echo4(LAN, LAN.ipv4, 1472), echo6(LAN, LAN.ipv6, 1452),
         echo4(WIDE, WIDE.ipv4, 8972), echo6(WIDE, WIDE.ipv6, 8952)),
    Case("echo with a wrong ICMP checksum",
         refused(LAN, IP(src=LAN.host4, dst=LAN.ipv4) / ICMP(chksum=0xBAD) / body(8), "local-checksum"),
         refused(LAN, IPv6(src=LAN.host6, dst=LAN.ipv6) / ICMPv6EchoRequest(cksum=0xBAD, data=body(8)), "local-checksum")),
    Case("an echo in fragments is not reassembled",
         refused(LAN, IP(src=LAN.host4, dst=LAN.ipv4, flags="MF", id=3) / ICMP(id=7) / body(56), "local-unwanted"),
         refused(LAN, IP(src=LAN.host4, dst=LAN.ipv4, frag=8, id=3, proto=1) / body(56), "local-unwanted")),
    Case("an echo reply nobody asked for, and an error about nothing of ours, are quiet",
         refused(LAN, IP(src=LAN.host4, dst=LAN.ipv4) / ICMP(type=0) / body(8), ("consumed", "local-unwanted")),
         refused(LAN, IP(src=LAN.host4, dst=LAN.ipv4) / ICMP(type=3, code=1) / body(28), ("consumed", "local-unwanted"))),
    Case("UDP to the appliance: port unreachable",
         refused(LAN, udp4(LAN, LAN.ipv4), "local-unwanted", (UNREACHABLE4, PORT4)),
         refused(LAN, udp6(LAN, LAN.ipv6), "local-unwanted", (UNREACHABLE6, PORT6))),
    # IPv4: RFC 1812, section 4.3.2.4, says the port's address, hosts take the one that was addressed. IPv6: RFC 4443,
    # section 2.2 (a), leaves no choice.
    Case("UDP to another port's address",
         refused(LAN, udp4(LAN, WAN.ipv4), "local-unwanted", (UNREACHABLE4, PORT4, 0, (LAN.ipv4, WAN.ipv4))),
         refused(LAN, udp6(LAN, WAN.ipv6), "local-unwanted", (UNREACHABLE6, PORT6, 0, (WAN.ipv6,)))),
    Case("TCP to the appliance", refused(LAN, tcp4(LAN, LAN.ipv4), "local-unwanted"),
         refused(LAN, tcp6(LAN, LAN.ipv6), "local-unwanted"), allow(LAN, AnyReset())),
    Case("another protocol to the appliance: protocol unreachable",
         refused(LAN, IP(src=LAN.host4, dst=LAN.ipv4, proto=253) / body(16), "local-unwanted", (UNREACHABLE4, PROTOCOL4)),
         refused(LAN, IPv6(src=LAN.host6, dst=LAN.ipv6, nh=253) / body(16), "local-unwanted", (PARAMETER6, 1, 6))),

    Case("no error about an ICMP error (RFC 1812, section 4.3.2.7)",
         refused(LAN, error_about(ICMP(type=3, code=1)), "ttl-exceeded"),
         refused(LAN, error_about(ICMP(type=11, code=0)), "ttl-exceeded"),
         refused(LAN, IPv6(src=LAN.host6, dst=WAN.host6, hlim=1) / ICMPv6DestUnreach() / bytes(udp6(WAN, LAN)), "ttl-exceeded")),
    Case("an error about an ICMP query is fine", refused(LAN, ping4(LAN, WAN, ttl=1), "ttl-exceeded", (EXCEEDED4, 0)),
         refused(LAN, IPv6(src=LAN.host6, dst=WAN.host6, hlim=1) / ICMPv6EchoRequest(data=body(8)), "ttl-exceeded", (EXCEEDED6, 0))),
    Case("no error about a later fragment",
         refused(LAN, IP(src=LAN.host4, dst=WAN.host4, ttl=1, frag=100, proto=17) / body(64), "ttl-exceeded")),
    Case("an error about a first fragment",
         refused(LAN, IP(src=LAN.host4, dst=WAN.host4, ttl=1, flags="MF") / UDP() / body(64), "ttl-exceeded", (EXCEEDED4, 0))),
    Case("errors are limited to a hundred a second",
         *[send(LAN, LAN.sends(udp4(LAN, WAN, ttl=1, sport=5000 + number)), "ttl-exceeded", at=0) for number in range(300)],
         allow(LAN, OneOfTheErrors(), least=1), at_most("lan", 101)),
]
