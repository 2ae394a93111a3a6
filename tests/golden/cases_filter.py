# SPDX-License-Identifier: Apache-2.0
"""The firewall: which of filter.yaml's rules a packet meets, what happens to it, and what its sender is told when it is
rejected; reject.yaml: a default that rejects; destinations without a route."""

from scapy.layers.inet import ICMP, IP, TCP, UDP
from scapy.layers.inet6 import ICMPv6EchoRequest, ICMPv6ParamProblem, IPv6, IPv6ExtHdrDestOpt
from scapy.layers.l2 import Ether

from cases_errors import UNREACHABLE4, UNREACHABLE6, echo4
from model import *

PROHIBITED4, PROHIBITED6 = 13, 1  # RFC 1812, section 5.2.7.1; RFC 4443, section 3.1
NO_ROUTE4, NO_ROUTE6 = (0, 1), 0
OTHER_HOST = "02:00:00:00:02:c8"


def reset(via, packet, seq, ack, flags):
    """RFC 9293, section 3.10.7.1: what a closed port answers."""
    ip = packet[IP] if IP in packet else packet[IPv6]
    header = (IP if IP in packet else IPv6)(src=ip.dst, dst=ip.src)
    tcp = TCP(sport=packet[TCP].dport, dport=packet[TCP].sport, seq=seq, ack=ack, flags=flags, window=0)
    return expect(via, Originated(via.receives(header / tcp)))


def rejected(packet, *answer, via=LAN):
    return [send(via, via.sends(packet), "firewall-reject"), *([reset(via, packet, *answer)] if answer else [])]


def prohibited(packet, via=LAN):
    error = (UNREACHABLE4, PROHIBITED4) if IP in packet else (UNREACHABLE6, PROHIBITED6)
    return refused(via, packet, "firewall-reject", error)


def dropped(packet, via=LAN):
    return send(via, via.sends(packet), "firewall-drop")


def accepted(packet, source=LAN, destination=WAN, mac=None):
    return crosses(source, destination, packet, mac)


def echo(kind, code=0, source=LAN, destination=WAN):
    return IP(src=source.host4, dst=destination.host4) / ICMP(type=kind, code=code) / body(28)


SUBNET = "10.0.0.70"
DATA = body(100)

FILTER = [
    Case("TCP to a port of the list", accepted(tcp4(LAN, WAN, dport=80)), accepted(tcp4(LAN, WAN, dport=443)),
         accepted(tcp6(LAN, WAN, dport=80)), Rules({"web": 3})),
    Case("TCP to a range of ports, its ends and what is beside it",
         accepted(tcp4(LAN, WAN, dport=8000)), accepted(tcp4(LAN, WAN, dport=8100)), accepted(tcp6(LAN, WAN, dport=8049)),
         dropped(tcp4(LAN, WAN, dport=7999)), dropped(tcp4(LAN, WAN, dport=8101)), dropped(tcp4(LAN, WAN, dport=79)),
         Rules({"web": 3, "default": 3})),
    Case("the first rule decides", dropped(tcp4(LAN, WAN, dport=8050)), accepted(tcp6(LAN, WAN, dport=8050)),
         Rules({"hole": 1, "web": 1})),
    Case("the protocol is part of a rule", dropped(udp4(LAN, WAN, dport=80)), dropped(tcp4(LAN, WAN, dport=53)), Rules({"default": 2})),
    Case("the ports of arrival and departure are part of a rule", dropped(tcp4(WAN, LAN, flags="SA", dport=80), WAN),
         dropped(tcp4(GUEST, WAN, dport=443), GUEST), Rules({"default": 2, "watch-guest": 1})),
    Case("source ports", accepted(udp4(LAN, WAN, sport=1024, dport=53)), accepted(udp6(WAN, LAN, sport=65535, dport=53), WAN, LAN),
         dropped(udp4(LAN, WAN, sport=1023, dport=53)), Rules({"dns": 2, "default": 1})),
    Case("source and destination prefixes", accepted(udp4(SUBNET, WAN)), dropped(udp4("10.0.0.63", WAN)),
         dropped(udp4("10.0.0.128", WAN)), dropped(udp4("10.0.0.64", "192.0.2.130")), Rules({"subnet": 1, "default": 3})),
    Case("IPv6 prefixes and hosts", accepted(udp6(LAN, WAN)), dropped(udp6(GUEST, WAN), GUEST),
         dropped(udp6(LAN, "2001:db8:2::11")), Rules({"subnet6": 1, "default": 2, "watch-guest": 1})),
    Case("ICMP types and codes", accepted(ping4(LAN, WAN)), accepted(echo(3, 4)), accepted(echo(3, 4, WAN, LAN), WAN, LAN),
         dropped(echo(3, 1)), dropped(echo(0)), dropped(ping4(WAN, LAN), WAN), dropped(echo(13)),
         Rules({"ping": 1, "frag-needed": 2, "default": 4})),
    Case("ICMPv6 types", accepted(IPv6(src=LAN.host6, dst=WAN.host6) / ICMPv6EchoRequest(data=DATA)),
         dropped(IPv6(src=LAN.host6, dst=WAN.host6) / ICMPv6ParamProblem() / bytes(udp6(WAN, LAN))),
         Rules({"ping6": 1, "default": 1})),
    Case("to the appliance itself", echo4(LAN, LAN.ipv4), echo4(WAN, WAN.ipv4), dropped(udp4(LAN, LAN.ipv4)),
         Rules({"ping-self": 2, "default": 1})),
    Case("TCP flags that must and must not be there",
         accepted(tcp4(WAN, LAN, flags="A", dport=2500), WAN, LAN), accepted(tcp6(WAN, LAN, flags="PA", dport=2999), WAN, LAN),
         dropped(tcp4(WAN, LAN, flags="SA", dport=2500), WAN), dropped(tcp4(WAN, LAN, flags="S", dport=2500), WAN),
         dropped(tcp4(WAN, LAN, flags="F", dport=2500), WAN), Rules({"established-like": 2, "no-syn": 1, "default": 2})),
    Case("a rule that logs and drops", dropped(tcp4(WAN, LAN, flags="S", dport=80), WAN), Rules({"no-syn": 1})),
    Case("a log rule goes on to the next", accepted(tcp4(GUEST, WAN, dport=22), GUEST, WAN),
         dropped(tcp4(GUEST, WAN, dport=21), GUEST), Rules({"watch-guest": 2, "guest-ssh": 1, "default": 1})),
    Case("a rule of whole hosts takes every protocol", accepted(tcp4(SUBNET, "192.0.2.200", dport=7), mac=OTHER_HOST),
         accepted(IP(src=SUBNET, dst="192.0.2.200", proto=47) / DATA, mac=OTHER_HOST), Rules({"whole-hosts": 2})),
    Case("fragments are judged by the datagram that they belong to",
         accepted(IP(src=LAN.host4, dst=WAN.host4, flags="MF", id=3) / TCP(dport=80) / body(44)),
         accepted(IP(src=LAN.host4, dst=WAN.host4, frag=8, proto=6, id=3) / body(64)),
         dropped(IP(src=LAN.host4, dst=WAN.host4, flags="MF", id=4) / TCP(dport=25) / body(44)),
         dropped(IP(src=LAN.host4, dst=WAN.host4, frag=8, proto=6, id=4) / body(64)),
         accepted(IP(src=SUBNET, dst="192.0.2.200", flags="MF", id=5) / UDP(len=136) / body(56), mac=OTHER_HOST),
         accepted(IP(src=SUBNET, dst="192.0.2.200", frag=8, proto=17, id=5) / body(64), mac=OTHER_HOST),
         Rules({"default": 2, "whole-hosts": 2, "web": 2})),
    Case("a later fragment without a first one waits in vain",
         refused(LAN, IP(src=LAN.host4, dst=WAN.host4, frag=100, proto=17, id=6) / body(64), "fragment-timeout"), Rules({})),
    Case("fragments that overlap end their datagram (RFC 1858, RFC 5722)",
         accepted(IP(src=LAN.host4, dst=WAN.host4, flags="MF", id=7) / TCP(dport=80) / body(44)),
         refused(LAN, IP(src=LAN.host4, dst=WAN.host4, frag=7, proto=6, id=7) / body(64), "fragment-overlap"),
         refused(LAN, IP(src=LAN.host4, dst=WAN.host4, frag=8, proto=6, id=7) / body(64), "fragment-overlap"),
         Rules({"web": 1})),
    Case("ports behind IPv6 extension headers",
         accepted(IPv6(src=LAN.host6, dst=WAN.host6) / IPv6ExtHdrDestOpt() / TCP(dport=443)),
         dropped(IPv6(src=LAN.host6, dst=WAN.host6) / IPv6ExtHdrDestOpt() / TCP(dport=444)), Rules({"web": 1, "default": 1})),
    Case("the default: nothing is said", dropped(tcp4(LAN, WAN, dport=25)), dropped(udp4(LAN, WAN, dport=123)),
         dropped(IP(src=LAN.host4, dst=WAN.host4, proto=50) / DATA), dropped(tcp6(LAN, WAN, dport=25)), Rules({"default": 4})),
    Case("the firewall judges before the time to live is used up", dropped(udp4(LAN, WAN, dport=123, ttl=1)), Rules({"default": 1})),
    Case("a connection attempt is reset", rejected(tcp4(LAN, WAN, "S", dport=23), 0, 1001, "RA"),
         rejected(tcp6(LAN, WAN, "S", dport=23), 0, 1001, "RA"), Rules({"no-telnet": 2})),
    Case("a reset takes its number from the acknowledgement", rejected(tcp4(LAN, WAN, "A", dport=23), 2000, 0, "R"),
         rejected(tcp6(LAN, WAN, "PA", dport=23) / DATA, 2000, 0, "R"), Rules({"no-telnet": 2})),
    Case("a reset counts data, SYN and FIN", rejected(tcp4(LAN, WAN, "", dport=23) / DATA, 0, 1100, "RA"),
         rejected(tcp4(LAN, WAN, "F", dport=23) / DATA, 0, 1101, "RA"), rejected(tcp4(LAN, WAN, "S", dport=23) / DATA, 0, 1101, "RA"),
         Rules({"no-telnet": 3})),
    Case("never a reset for a reset", rejected(tcp4(LAN, WAN, "R", dport=23)), rejected(tcp6(LAN, WAN, "RA", dport=23)),
         Rules({"no-telnet": 2})),
    Case("UDP is rejected with an error", prohibited(udp4(LAN, WAN, dport=69)), prohibited(udp6(LAN, WAN, dport=69)),
         Rules({"no-tftp": 2})),
    Case("TCP to the appliance is reset", rejected(tcp4(LAN, LAN.ipv4, "S", dport=22), 0, 1001, "RA"),
         rejected(tcp6(LAN, WAN.ipv6, "S", dport=22), 0, 1001, "RA"), Rules({"no-management": 2})),
    Case("no route: the sender is told before a rule is asked",
         refused(LAN, udp4(LAN, "198.18.0.1"), "no-route", (UNREACHABLE4, NO_ROUTE4)),
         refused(LAN, udp6(LAN, "2001:db8:ffff::1"), "no-route", (UNREACHABLE6, NO_ROUTE6)), Rules({})),
]

REJECT = [
    Case("the default rejects: TCP is reset", rejected(tcp4(LAN, WAN, "S", dport=25), 0, 1001, "RA"),
         rejected(tcp6(LAN, WAN, "S", dport=25), 0, 1001, "RA"), Rules({"default": 2})),
    Case("the default rejects: others get an error", prohibited(udp4(LAN, WAN)), prohibited(udp6(LAN, WAN)), prohibited(ping4(LAN, WAN)),
         Rules({"default": 3})),
    Case("the default rejects: never an error about an error", rejected(echo(3, 1)), rejected(echo(11, 0)), Rules({"default": 2})),
    Case("the default rejects: no answer to a later fragment",
         prohibited(IP(src=LAN.host4, dst=WAN.host4, flags="MF", id=8) / UDP(len=136) / body(56)),
         rejected(IP(src=LAN.host4, dst=WAN.host4, frag=8, proto=17, id=8) / body(64)), Rules({"default": 2})),
    Case("what is accepted crosses", accepted(tcp4(LAN, WAN, dport=443)), accepted(tcp6(WAN, LAN, dport=443), WAN, LAN),
         Rules({"https": 2})),
]
