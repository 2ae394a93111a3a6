# SPDX-License-Identifier: Apache-2.0
"""ARP (RFC 826, RFC 1122 section 2.3.2, RFC 5227) and neighbour discovery (RFC 4861). Each case has stations of its own,
because all cases may run one after the other in one appliance, which remembers."""

import ipaddress

from scapy.layers.inet import ICMP, IP, UDP
from scapy.layers.inet6 import (ICMPv6EchoRequest, ICMPv6ND_NA, ICMPv6ND_NS, ICMPv6ND_RA, ICMPv6ND_RS, ICMPv6NDOptDstLLAddr,
                                ICMPv6NDOptSrcLLAddr, IPv6)
from scapy.layers.l2 import ARP, Ether

from model import *

NONE = "00:00:00:00:00:00"
QUIET = ("consumed", "arp-bad", "not-for-us", "ip-source")  # how it is counted is not said; only that nothing comes of it
QUIET6 = ("consumed", "nd-bad", "not-for-us")


def station(via, number):
    """A host without a static entry: MAC, IPv4 and IPv6 address."""
    mac = f"02:00:00:00:99:{number & 0xFF:02x}"
    return mac, f"{via.ipv4.rsplit('.', 1)[0]}.{number}", str(ipaddress.ip_address(via.ipv6) - 1 + number)


def asks(via, target, source=None, source_mac=None, dst=BROADCAST):
    mac, address = source_mac or via.host_mac, source or via.host4
    return via.tagged(Ether(src=mac, dst=dst), ARP(op=1, hwsrc=mac, psrc=address, hwdst=NONE, pdst=target))


def answered(via, source=None, mac=None, dst=BROADCAST):
    """An ARP request for the port's address and its answer."""
    mac, source = mac or via.host_mac, source or via.host4
    reply = ARP(op=2, hwsrc=via.mac, psrc=via.ipv4, hwdst=mac, pdst=source)
    return [send(via, asks(via, via.ipv4, source, mac, dst), "consumed"), expect(via, via.receives(reply, mac))]


def tells(via, mac, address):
    """The station's ARP reply to the appliance."""
    return via.tagged(Ether(src=mac, dst=via.mac), ARP(op=2, hwsrc=mac, psrc=address, hwdst=via.mac, pdst=via.ipv4))


def solicits(via, target, source=None, mac=None, hlim=255, dst=None, options=True, **fields):
    """A neighbour solicitation to the target's solicited-node group."""
    mac, source = mac or via.host_mac, source or via.host6
    low = ipaddress.ip_address(target).packed[13:]
    group = dst or str(ipaddress.ip_address(ipaddress.ip_address("ff02::1:ff00:0").packed[:13] + low))
    ether = Ether(src=mac, dst="33:33:ff:" + ":".join(f"{byte:02x}" for byte in low))
    packet = IPv6(src=source, dst=group, hlim=hlim) / ICMPv6ND_NS(tgt=target, **fields)
    return via.tagged(ether, packet / ICMPv6NDOptSrcLLAddr(lladdr=mac) if options else packet)


def advertises(via, mac, address, hlim=255, **fields):
    """The station's solicited advertisement to the appliance."""
    flags = {"S": 1, "O": 1, "R": 0, **fields}
    packet = IPv6(src=address, dst=via.ipv6, hlim=hlim) / ICMPv6ND_NA(tgt=address, **flags) / ICMPv6NDOptDstLLAddr(lladdr=mac)
    return via.tagged(Ether(src=mac, dst=via.mac), packet)


def answered6(via, source=None, mac=None, options=True):
    """RFC 4861, section 7.2.4: router, solicited, override, with the link-layer address."""
    mac, source = mac or via.host_mac, source or via.host6
    reply = (IPv6(src=via.ipv6, dst=source, hlim=255) / ICMPv6ND_NA(tgt=via.ipv6, R=1, S=1, O=1)
             / ICMPv6NDOptDstLLAddr(lladdr=via.mac))
    return [send(via, solicits(via, via.ipv6, source, mac, options=options), "consumed"), expect(via, via.receives(reply, mac))]


def resolved(via, number, packet, count=1):
    """Packets to an unknown station wait for its answer and leave in order; later ones go at once."""
    mac, ipv4, _ = station(via, number)
    frames = [WAN.sends(packet(WAN, ipv4, 20 + index)) for index in range(count + 1)]
    return [
        *[send(WAN, frame, at=0.001 * index) for index, frame in enumerate(frames[:-1])],
        allow(via, Query(via, ipv4, mac), least=1),
        send(via, tells(via, mac, ipv4), "consumed", at=0.1),
        send(WAN, frames[-1], at=0.2),
        *[expect(via, via.receives(hop(ip_bytes(frame)), mac)) for frame in frames],
    ]


def resolved6(via, number, count=1):
    mac, _, ipv6 = station(via, number)
    frames = [WAN.sends(udp6(WAN, ipv6, 20 + index)) for index in range(count + 1)]
    return [
        *[send(WAN, frame, at=0.001 * index) for index, frame in enumerate(frames[:-1])],
        allow(via, Query(via, ipv6, mac), least=1),
        send(via, advertises(via, mac, ipv6), "consumed", at=0.1),
        send(WAN, frames[-1], at=0.2),
        *[expect(via, via.receives(hop(ip_bytes(frame)), mac)) for frame in frames],
    ]


def unresolved(number, packets, error):
    """Nobody answers: the packets end as neighbour-unresolved, and their sender is told."""
    _, ipv4, ipv6 = station(LAN, number)
    frames = [WAN.sends(packet(WAN, ipv6 if packet is udp6 else ipv4)) for packet in packets]
    target = ipv6 if packets[0] is udp6 else ipv4
    return [
        *[send(WAN, frame, "neighbour-unresolved") for frame in frames],
        allow(LAN, Query(LAN, target), least=1),
        *[expect(WAN, Error(WAN, frame, *error)) for frame in frames],
    ]


def crowded(number):
    """More packets than may wait: the latest is kept (RFC 1122, section 2.3.2.2), and what is sent is in order."""
    mac, ipv4, _ = station(LAN, number)
    frames = [WAN.sends(udp4(WAN, ipv4, 20 + index)) for index in range(100)]
    out = [bytes(LAN.receives(hop(ip_bytes(frame)), mac)) for frame in frames]

    class AnyOfThem:
        def differs(self, frame):
            return None if frame in out else "none of the packets that wait"

        def __str__(self):
            return "one of the packets that wait"

    def question(outputs):
        places = [out.index(frame) for frame in outputs["lan"] if frame in out]
        wrong = [] if places == sorted(set(places)) else [f"out of order: {places}"]
        return wrong + ([] if places[-1:] == [99] else ["the latest packet was not kept"])

    return [
        *[send(WAN, frame, ("forwarded", "neighbour-queue-full"), at=0.0001 * index) for index, frame in enumerate(frames)],
        send(LAN, tells(LAN, mac, ipv4), "consumed", at=0.1),
        allow(LAN, Query(LAN, ipv4, mac), least=1), allow(LAN, AnyOfThem(), least=1), Check(question),
    ]


def moved(number):
    """RFC 826: an address that is in the table gets the sender's new hardware address, whatever the packet is."""
    old, ipv4, _ = station(LAN, number)
    new = "02:00:00:00:98:01"
    gratuitous = Ether(src=new, dst=BROADCAST) / ARP(op=1, hwsrc=new, psrc=ipv4, hwdst=NONE, pdst=ipv4)
    frame = WAN.sends(udp4(WAN, ipv4, 99))
    return [*resolved(LAN, number, udp4), send(LAN, gratuitous, ("consumed",), at=1),
            send(WAN, frame, at=1.1), allow(LAN, Query(LAN, ipv4, new)),
            expect(LAN, LAN.receives(hop(ip_bytes(frame)), new))]


def held_to(packet, forged, reason):
    """A static entry stays what it is, whoever says otherwise."""
    frame = WAN.sends(packet(WAN, LAN))
    return [send(LAN, forged, reason), send(WAN, frame, at=0.5), expect(LAN, LAN.receives(hop(ip_bytes(frame))))]


def silent(via, frame, ends):
    return send(via, frame, ends)


def broken_arp(**fields):
    arp = {"op": 1, "hwsrc": LAN.host_mac, "psrc": LAN.host4, "hwdst": NONE, "pdst": LAN.ipv4, **fields}
    return Ether(src=LAN.host_mac, dst=BROADCAST) / ARP(**arp)


def broken_option():
    """A neighbour solicitation whose option has length 0 (RFC 4861, section 7.1.1)."""
    packet = IPv6(src=LAN.host6, dst="ff02::1:ff00:1", hlim=255) / ICMPv6ND_NS(tgt=LAN.ipv6) / (b"\x01\x00" + bytes(6))
    return Ether(src=LAN.host_mac, dst="33:33:ff:00:00:01") / packet


DAD_REPLY = (IPv6(src=LAN.ipv6, dst="ff02::1", hlim=255) / ICMPv6ND_NA(tgt=LAN.ipv6, R=1, S=0, O=1)
             / ICMPv6NDOptDstLLAddr(lladdr=LAN.mac))
SPOOFED = "02:00:00:00:66:66"
UNREACHABLE4, HOST4, UNREACHABLE6, ADDRESS6 = 3, 1, 1, 3

CASES = [
    Case("an ARP request is answered", answered(LAN), answered(WAN)),
    Case("an ARP request in a VLAN is answered there", answered(GUEST)),
    Case("a unicast ARP request is answered", answered(LAN, dst=LAN.mac)),
    Case("an ARP request by a host that is new", answered(LAN, "10.0.0.101", "02:00:00:00:99:65")),
    Case("an ARP probe, from 0.0.0.0, is answered (RFC 5227)",
         send(LAN, asks(LAN, LAN.ipv4, "0.0.0.0"), "consumed"),
         expect(LAN, LAN.receives(ARP(op=2, hwsrc=LAN.mac, psrc=LAN.ipv4, hwdst=LAN.host_mac, pdst="0.0.0.0")))),
    Case("an ARP request for someone else is none of our business", silent(LAN, asks(LAN, "10.0.0.99"), QUIET)),
    Case("another port's address is not answered for", silent(LAN, asks(LAN, WAN.ipv4), QUIET),
         silent(LAN, asks(LAN, GUEST.ipv4), QUIET)),
    Case("the next hop is resolved by ARP", resolved(LAN, 102, udp4)),
    Case("packets that wait leave in order", resolved(LAN, 103, udp4, 3)),
    Case("the next hop is resolved in a VLAN", resolved(GUEST, 104, udp4)),
    Case("nobody answers ARP: host unreachable", unresolved(105, [udp4], (UNREACHABLE4, HOST4))),
    Case("nobody answers ARP: each that waited is told", unresolved(106, [udp4, tcp4], (UNREACHABLE4, HOST4))),
    Case("more packets than may wait", crowded(107)),
    Case("a station moves to another MAC address", moved(108)),
    Case("a forged ARP reply does not change a static entry", held_to(udp4, tells(LAN, SPOOFED, LAN.host4), QUIET)),
    Case("a reply that nobody asked for teaches nothing",
         silent(LAN, tells(LAN, SPOOFED, "10.0.0.109"), QUIET),
         send(WAN, WAN.sends(udp4(WAN, "10.0.0.109")), "neighbour-unresolved", at=0.1),
         allow(LAN, Query(LAN, "10.0.0.109"), least=1),
         expect(WAN, Error(WAN, WAN.sends(udp4(WAN, "10.0.0.109")), UNREACHABLE4, HOST4))),
    Case("looped ARP: our own requests and replies come back",
         silent(LAN, Ether(src=LAN.mac, dst=BROADCAST) / ARP(op=1, hwsrc=LAN.mac, psrc=LAN.ipv4, hwdst=NONE, pdst="10.0.0.110"), QUIET),
         silent(LAN, Ether(src=LAN.mac, dst=BROADCAST) / ARP(op=1, hwsrc=LAN.mac, psrc=LAN.ipv4, hwdst=NONE, pdst=LAN.ipv4), QUIET),
         silent(LAN, Ether(src=LAN.mac, dst=LAN.host_mac) / ARP(op=2, hwsrc=LAN.mac, psrc=LAN.ipv4, hwdst=LAN.host_mac, pdst=LAN.host4), QUIET)),
    Case("someone claims our address: no packet of ours follows him",
         silent(LAN, Ether(src=SPOOFED, dst=BROADCAST) / ARP(op=1, hwsrc=SPOOFED, psrc=LAN.ipv4, hwdst=NONE, pdst=LAN.ipv4), QUIET),
         crosses(LAN, WAN, udp4(LAN, WAN))),
    Case("malformed ARP",
         *[silent(LAN, broken_arp(**fields), "arp-bad") for fields in
           ({"hwtype": 6}, {"ptype": 0x86DD}, {"hwlen": 8}, {"plen": 16})],
         silent(LAN, broken_arp(op=0), ("arp-bad", "consumed")), silent(LAN, broken_arp(op=3), ("arp-bad", "consumed")),
         silent(LAN, broken_arp(hwsrc=BROADCAST), ("arp-bad",)),
         silent(LAN, broken_arp(psrc="224.0.0.1"), ("arp-bad",)),
         silent(LAN, broken_arp(psrc="255.255.255.255"), ("arp-bad",))),
    Case("ARP cut off at every length", *[silent(LAN, bytes(asks(LAN, LAN.ipv4))[:length], "arp-bad") for length in range(14, 42)]),

    Case("a neighbour solicitation is answered", answered6(LAN), answered6(WAN)),
    Case("a neighbour solicitation in a VLAN is answered there", answered6(GUEST)),
    Case("a neighbour solicitation by a host that is new", answered6(LAN, "2001:db8:1::101", "02:00:00:00:99:65")),
    Case("duplicate address detection for our address: all nodes are told (RFC 4861, section 7.2.4)",
         send(LAN, solicits(LAN, LAN.ipv6, "::", options=False), "consumed"),
         expect(LAN, LAN.receives(DAD_REPLY, "33:33:00:00:00:01"))),
    Case("a neighbour solicitation for someone else is none of our business",
         silent(LAN, solicits(LAN, "2001:db8:1::99"), QUIET6), silent(LAN, solicits(LAN, WAN.ipv6), QUIET6)),
    Case("the next hop is resolved by neighbour discovery", resolved6(LAN, 0x111)),
    Case("IPv6 packets that wait leave in order", resolved6(LAN, 0x112, 3)),
    Case("the IPv6 next hop is resolved in a VLAN", resolved6(GUEST, 0x113)),
    Case("nobody answers neighbour discovery: address unreachable", unresolved(0x114, [udp6], (UNREACHABLE6, ADDRESS6))),
    Case("a forged advertisement does not change a static entry",
         held_to(udp6, advertises(LAN, SPOOFED, LAN.host6), QUIET6)),
    Case("malformed neighbour discovery (RFC 4861, sections 7.1.1 and 7.1.2)",
         silent(LAN, solicits(LAN, LAN.ipv6, hlim=254), "nd-bad"),
         silent(LAN, solicits(LAN, LAN.ipv6, code=1), "nd-bad"),
         silent(LAN, solicits(LAN, LAN.ipv6, cksum=0xBAD), "nd-bad"),
         silent(LAN, solicits(LAN, "ff02::1:ff00:1", dst="ff02::1:ff00:1"), ("nd-bad",)),
         silent(LAN, solicits(LAN, LAN.ipv6, "::", dst=LAN.ipv6, options=False), "nd-bad"),
         silent(LAN, solicits(LAN, LAN.ipv6, "::", options=True), "nd-bad"),
         silent(LAN, broken_option(), "nd-bad"),
         silent(LAN, advertises(LAN, LAN.host_mac, LAN.host6, hlim=64), "nd-bad"),
         silent(LAN, Ether(src=LAN.host_mac, dst="33:33:00:00:00:01") / IPv6(src=LAN.host6, dst="ff02::1", hlim=255)
                / ICMPv6ND_NA(tgt=LAN.host6, S=1) / ICMPv6NDOptDstLLAddr(lladdr=LAN.host_mac), "nd-bad")),
    Case("router solicitations and advertisements change nothing",
         silent(LAN, Ether(src=LAN.host_mac, dst="33:33:00:00:00:02") / IPv6(src="fe80::10", dst="ff02::2", hlim=255)
                / ICMPv6ND_RS(), QUIET6 + ("link-local", "local-unwanted")),
         silent(LAN, Ether(src=LAN.host_mac, dst="33:33:00:00:00:01") / IPv6(src="fe80::10", dst="ff02::1", hlim=255)
                / ICMPv6ND_RA(), QUIET6 + ("link-local", "local-unwanted")),
         crosses(LAN, WAN, udp6(LAN, "2001:db8:b::2"), WAN_GATEWAY)),
]
