# SPDX-License-Identifier: Apache-2.0
"""Connections without translation (stateful.yaml): what belongs to one and what does not, when it is forgotten, rules that ask for
states and limits, refusals, and what nobody sends but to do harm. TCP after RFC 9293, its windows after van Rooij; time
outs after RFC 5382, 4787 and 5508; fragments after RFC 5722."""

from scapy.layers.inet import ICMP, IP, TCP, UDP
from scapy.layers.inet6 import ICMPv6EchoReply, IPv6, IPv6ExtHdrFragment

from cases_errors import UNREACHABLE4, UNREACHABLE6
from cases_filter import PROHIBITED4, PROHIBITED6, reset
from flows import *
from model import *

LATE = 2.2  # a flow may live so much longer than its timeout (nf/flow/flow_wheel.h)
PORT_UNREACHABLE, TIME_EXCEEDED, PORT_UNREACHABLE6, TOO_BIG6 = (3, 3, 0), (11, 0, 0), (1, 4, 0), (2, 0, 1280)
FLOOD = 2500  # more than there may be flows
BOTH = (("IPv4", False), ("IPv6", True))


def tcp(ipv6=False, **options):
    return Tcp(CLIENT, INNER_SERVER, ipv6, **options)


def udp(ipv6=False, **options):
    return Udp(CLIENT, INNER_SERVER, ipv6, **options)


def of_both(name, steps):
    """A case of each family; steps: a function of the family."""
    return [Case(f"{name}, {family}", *steps(ipv6)) for family, ipv6 in BOTH]


def lived(ipv6):
    flow = tcp(ipv6)
    return [flow.open(), flow.talk(), flow.close(), flow.back("A")]


def half_closed(ipv6):
    flow = tcp(ipv6)
    return [flow.open(), flow.there("FA"), flow.back("A"), flow.back("PA", 1000, at=200), flow.there("A"), flow.back("PA", 1000, at=400),
            flow.there("A"), flow.back("FA"), flow.there("A")]


def opened_from_both_ends(ipv6):
    """RFC 9293, figure 8."""
    flow = tcp(ipv6)
    first = [flow.there("S"), flow.back("S")]
    return [first, flow.there("SA", seq=-1), flow.back("SA", seq=-1), flow.talk(), flow.close()]


def out_of_window(ipv6):
    flow = tcp(ipv6)
    return [flow.open(), flow.talk(),
            flow.back("PA", 100, "tcp-window", seq=WINDOW + 1), flow.back("PA", 100, "tcp-window", seq=-WINDOW - 1000),
            flow.back("A", 0, "tcp-window", ack=1), flow.there("PA", 100, "tcp-window", seq=1 << 20),
            flow.back("RA", 0, "tcp-window", seq=1 << 20), flow.there("R", 0, "tcp-window", seq=-1 << 20), flow.talk(), flow.close()]


def reset_by(there):
    def steps(ipv6):
        flow = tcp(ipv6)
        answer = flow.back if there else flow.there
        return [flow.open(), flow.talk(), (flow.there if there else flow.back)("RA"),
                answer("A", at=1), answer("PA", 100, "tcp-state", at=241 + LATE)]

    return steps


def reset_of_a_syn(ipv6):
    flow = tcp(ipv6)
    return [flow.there("S"), flow.back("RA", ack=1, ends="tcp-window"), flow.back("RA"), flow.there("A", 0, "tcp-state", at=241 + LATE)]


def syn_in_a_connection(ipv6):
    """RFC 5961, section 4: it passes, is answered by a challenge, and changes nothing."""
    flow = tcp(ipv6)
    return [flow.open(), flow.there("S", seq=77777), flow.back("A"), flow.talk(), flow.back("S", seq=-5), flow.there("A"), flow.talk()]


def opened_again(ipv6):
    flow = tcp(ipv6)
    steps = [flow.open(), flow.close()]
    flow.next = {True: 5000000, False: 7000000}
    return steps + [flow.open(at=5), flow.talk(), flow.close()]


def forgotten_by_one_end(ipv6):
    """RFC 9293, section 3.5.1: who has lost its memory sends a SYN, hears an old acknowledgement, and resets."""
    flow = tcp(ipv6)
    steps = [flow.open(), flow.talk(), flow.there("S", seq=3000000), flow.back("A")]
    number = flow.next[True]
    return steps + [Flow.there(flow, Segment("R", number, 0))] + [flow.there("A", 0, "tcp-state", at=241 + LATE)]


def of_no_connection(ipv6):
    flow = tcp(ipv6)
    return [flow.there("A", 0, "tcp-state"), flow.there("SA", 0, "tcp-state"), flow.there("RA", 0, "tcp-state"),
            flow.there("FA", 0, "tcp-state"), flow.there("PA", 100, "tcp-state"), flow.there("R", 0, "tcp-state")]


def nobody_sends(ipv6):
    """All flags at once (Xmas), none, and what contradicts itself; before and within a connection."""
    odd = ("", "F", "FPU", "FSRPAU", "SF", "SR", "SFR", "SFA", "FR", "SRA", "U", "P")
    flow = tcp(ipv6)
    connected = tcp(ipv6)
    return [[flow.there(flags, 0, "tcp-flags") for flags in odd], connected.open(),
            [connected.there(flags, 0, "tcp-flags", seq=1) for flags in odd], connected.talk()]


def answered(ipv6):
    flow = udp(ipv6)
    return [flow.there(), flow.there(100), flow.back(), flow.back(1000), flow.there()]


def unasked(ipv6):
    flow = udp(ipv6)
    return [flow.back(ends="firewall-drop"), flow.there(), flow.back()]


def spoken_to_by_others(ipv6):
    """The same client from another port of the server's, and another client from the same."""
    flow = udp(ipv6)
    other = Udp(CLIENT, INNER_SERVER, ipv6, flow.own[1], 5354)
    third = Udp(OTHER_CLIENT, INNER_SERVER, ipv6, flow.own[1])
    return [flow.there(), other.back(ends="firewall-drop"), third.back(ends="firewall-drop"), flow.back()]


def echoed(ipv6):
    flow = Echo(CLIENT, INNER_SERVER, ipv6)
    other = Echo(CLIENT, INNER_SERVER, ipv6)
    return [flow.there(), flow.back(), flow.there(1000), flow.back(1000), other.back(ends="icmp-unrelated")]


def generic(ipv6):
    flow = Generic(CLIENT, INNER_SERVER, ipv6)
    return [flow.back(ends="firewall-drop"), flow.there(), flow.back()]


def errors_about(ipv6):
    """From the server itself and from a router on the way; about UDP, TCP and an echo; in both directions."""
    kinds = (PORT_UNREACHABLE6, TOO_BIG6) if ipv6 else (PORT_UNREACHABLE, TIME_EXCEEDED)
    router = Station(DMZ, "10.0.5.99", "2001:db8:5::99", INNER_SERVER.mac)
    flow, connection, echo = udp(ipv6), tcp(ipv6), Echo(CLIENT, INNER_SERVER, ipv6)
    connected = connection.open()
    segment = connection.crossing(True, connection.segment(True, "PA", 100))
    reply = flow.crossing(False)
    return [flow.there(), error_about(flow.crossing(True), INNER_SERVER, kinds[0]), error_about(flow.crossing(True), router, kinds[1]),
            connected, connection.passes(segment), error_about(segment, router, kinds[1]), echo.there(),
            error_about(echo.crossing(True), router, kinds[1]), flow.back(), error_about(reply, CLIENT, kinds[0])]


def errors_about_nothing(ipv6):
    """About a flow that isn't there, a segment that nobody sent, and to somebody else than it should."""
    kind = PORT_UNREACHABLE6 if ipv6 else PORT_UNREACHABLE
    flow, connection = udp(ipv6), tcp(ipv6)
    connected = connection.open()
    unsent = connection.crossing(True, connection.segment(True, "PA", 100, seq=1 << 20))
    other = Udp(OTHER_CLIENT, INNER_SERVER, ipv6)
    other.outside = (CLIENT.address(ipv6), flow.own[1])  # it says that another host's packet was ours
    stray = lambda packet: packet[:16] + bytes([10, 0, 0, 11]) + packet[20:]
    wrong = [] if ipv6 else error_about(flow.crossing(True), INNER_SERVER, kind, ends="icmp-unrelated",
                                        spoil=lambda packet: ipv4_sealed(stray(packet)))
    return [error_about(flow.crossing(True), INNER_SERVER, kind, ends="icmp-unrelated"), connected,
            error_about(unsent, INNER_SERVER, kind, ends="icmp-unrelated"), flow.there(), wrong,
            error_about(flow.crossing(True), INNER_SERVER, kind, ends="l4-checksum",
                        spoil=lambda packet: packet[:-1] + bytes([packet[-1] ^ 1])),
            error_about(flow.crossing(True), INNER_SERVER, kind)]


def wrong_sums(ipv6):
    """Nothing begins with a wrong checksum; within a connection it is the ends' business."""
    address = "fd00::1" if ipv6 else "10.9.9.9"  # the pseudo-header of somebody else
    spoilt = lambda flow, what=None: send(LAN, lambda: LAN.sends(swapped(flow.crossing(True, what).near(), address)), "l4-checksum")
    connection = tcp(ipv6)
    return [spoilt(udp(ipv6)), spoilt(connection, Segment("S", 1, 0)), connection.open(), connection.talk()]


def swapped(packet, address):
    """The packet with the transport checksum of another source address's."""
    at, size = (8, 16) if packet[0] >> 4 == 6 else (12, 4)
    sum_at = 40 + 6 if at == 8 else 20 + 6
    if packet[6 if at == 8 else 9] == 6:
        sum_at += 10
    other = ipaddress.ip_address(address).packed
    total = int.from_bytes(packet[sum_at : sum_at + 2], "big") ^ (1 + sum(other[:size]) % 0xFFFE)
    return packet[:sum_at] + struct.pack("!H", total) + packet[sum_at + 2 :]


def timed_out(make, opening, seconds, reason):
    """One flow is in time, another too late."""
    prompt, late = make(), make()
    return [opening(prompt), opening(late), prompt.back(at=seconds - 1), late.back(ends=reason, at=seconds + LATE)]


def connection_timed_out():
    prompt, late = tcp(), tcp()
    return [prompt.open(), late.open(), prompt.talk(at=7439), late.there("A", 0, "tcp-state", at=7441 + LATE), prompt.talk()]


def opening_timed_out():
    prompt, late = tcp(), tcp()
    return [prompt.there("S"), late.there("S"), prompt.back("SA", at=239), late.back("SA", 0, "tcp-state", at=241 + LATE)]


def closed_timed_out():
    """TIME-WAIT."""
    flow, late = tcp(), tcp()
    return [flow.open(), flow.close(), late.open(), late.close(), flow.back("A", at=239), late.back("A", 0, "tcp-state", at=241 + LATE)]


def rejected_as(packet, *answer):
    return [send(LAN, LAN.sends(packet), "firewall-reject"), reset(LAN, packet, *answer)]


def limited():
    """Two at once of one source; when one of them is over, another. It is over when both ends have closed it or the one that was
    called resets it; else the source has to wait."""
    flows = [Tcp(INNER_SERVER, CLIENT, dport=7000) for _ in range(8)]
    return [flows[0].open(), flows[1].open(), flows[2].there("S", 0, "connection-limit"), flows[0].talk(),
            flows[0].back("RA"), flows[3].open(), flows[4].there("S", 0, "connection-limit"),
            flows[3].close(), flows[5].open(), flows[1].talk(),
            flows[5].there("RA"), flows[6].there("S", 0, "connection-limit"), flows[7].there("S", at=241 + LATE), flows[1].talk()]


def slowed():
    flows = [Udp(INNER_SERVER, CLIENT, dport=7001) for _ in range(5)]
    return [flows[0].there(at=0), flows[1].there(at=0.1), flows[2].there(ends="rate-limit", at=0.2), flows[0].back(), flows[0].there(),
            flows[3].there(at=2), flows[4].there(at=2.1)]


def flooded():
    """Half-open flows push each other out, and never a connection that lives."""
    flow, first = tcp(), tcp()
    opened = flow.open()
    sample = bytearray(bytes(LAN.sends(bytes(tcp4(CLIENT.ipv4, INNER_SERVER.ipv4, dport=80)))))
    flood = []
    for number in range(FLOOD):
        packet = IP(src=CLIENT.ipv4, dst=INNER_SERVER.ipv4, id=number) / UDP(sport=1024 + number, dport=9)
        del sample[14:]
        sample += bytes(packet)
        flood += [send(LAN, bytes(sample), at=1 + number * 0.0001),
                  expect(DMZ, DMZ.receives(hop(bytes(packet)), mac=INNER_SERVER.mac))]
    return [opened, first.there("S"), flood, flow.talk(at=2), first.back("SA", 0, "tcp-state")]


def together_in_pieces(ipv6=False):
    flow = udp(ipv6)
    return [flow.in_pieces(True, 4000, (0, 1, 2)), flow.in_pieces(False, 4000, (0, 1, 2)), flow.there(), flow.back()]


def shuffled_pieces():
    """Those that come before the first wait for it; and who comes too late is missed only there."""
    one, two = udp(), udp()
    return [one.in_pieces(True, 4000, (2, 1, 0)), two.in_pieces(True, 4000, (1, 0, 2)), one.back(), two.back()]


def pieces6(flow, data, offsets, ident=7, first=True):
    """IPv6 fragments of a datagram's bytes, by (begin, end, more)."""
    made = bytes(flow.crossing(True, 1600).near())
    datagram = made[40:]
    return [IPv6(src=CLIENT.ipv6, dst=INNER_SERVER.ipv6) / IPv6ExtHdrFragment(nh=17, offset=begin // 8, m=more, id=ident) / datagram[begin:end]
            for begin, end, more in offsets]


def fragmented6():
    flow = udp(True)
    pieces = pieces6(flow, 1600, [(0, 800, 1), (800, 1608, 0)])
    late = pieces6(flow, 1600, [(800, 1608, 0), (0, 800, 1)], ident=8)
    cross = lambda piece: [send(LAN, LAN.sends(piece)), expect(DMZ, DMZ.receives(hop(bytes(piece)), mac=INNER_SERVER.mac))]
    return [[cross(piece) for piece in pieces], send(LAN, LAN.sends(late[0])), send(LAN, LAN.sends(late[1])),
            [expect(DMZ, DMZ.receives(hop(bytes(piece)), mac=INNER_SERVER.mac)) for piece in (late[1], late[0])], flow.back()]


def overlapping(ipv6):
    """RFC 5722: the datagram is over, whatever still comes of it."""
    if ipv6:
        flow = udp(True)
        first, over, rest = pieces6(flow, 1600, [(0, 800, 1), (792, 1600, 1), (1600, 1608, 0)], ident=9)
    else:
        flow = udp()
        make = lambda offset, more, data: IP(src=CLIENT.ipv4, dst=INNER_SERVER.ipv4, id=9, frag=offset, flags="MF" if more else 0,
                                             proto=17) / data
        datagram = flow.crossing(True, 1600).near()[20:]
        first, over, rest = (make(begin // 8, more, datagram[begin:end]) for begin, end, more in
                             ((0, 800, 1), (792, 1600, 1), (1600, 1608, 0)))
    return [send(LAN, LAN.sends(first)), expect(DMZ, DMZ.receives(hop(bytes(first)), mac=INNER_SERVER.mac)),
            send(LAN, LAN.sends(over), "fragment-overlap"), send(LAN, LAN.sends(rest), ("fragment-overlap", "fragment-bad"))]


def never_whole():
    """Without a first fragment, nobody knows what it is."""
    flow = udp()
    return flow.in_pieces(True, 4000, (1, 2), ("fragment-timeout",))


def all_that_waits(at=1):
    """As many pieces as may wait do (nf/input/datagram.h); their first ones come all at once, and one more that has to wait."""
    datagrams, each = 4, 64
    udp = bytes(UDP(sport=20001, dport=9, len=8 + each * 8, chksum=0))
    piece = lambda ident, offset, data: bytes(IP(src=CLIENT.ipv4, dst=INNER_SERVER.ipv4, id=ident, proto=17, flags="MF", frag=offset) / data)
    waiting = [piece(9000 + number, 1 + offset, body(8)) for number in range(datagrams) for offset in range(each)]
    firsts = [piece(9000 + number, 0, udp) for number in range(datagrams)]
    return [[send(LAN, LAN.sends(packet), at=number * 0.001) for number, packet in enumerate(waiting)],
            [send(LAN, LAN.sends(packet), at=at) for packet in firsts],
            send(LAN, LAN.sends(piece(9100, 2, body(8))), "fragment-timeout", at=at),
            [expect(DMZ, DMZ.receives(hop(packet), mac=INNER_SERVER.mac)) for packet in firsts + waiting]]


def same_ends(ipv6):
    """LAND: a packet that a host seems to have sent to itself."""
    address = CLIENT.address(ipv6)
    header = (IPv6 if ipv6 else IP)(src=address, dst=address)
    return [send(LAN, LAN.sends(header / payload), "land") for payload in
            (TCP(sport=80, dport=80, flags="S"), UDP(sport=53, dport=53) / body(8), UDP(sport=1, dport=2) / body(8))]


CASES = [
    *of_both("a connection from its beginning to its end", lived),
    *of_both("a connection that is half closed for long", half_closed),
    *of_both("a connection that both ends open", opened_from_both_ends),
    *of_both("segments out of the window", out_of_window),
    *of_both("a connection reset by its client", reset_by(True)),
    *of_both("a connection reset by its server", reset_by(False)),
    *of_both("a reset instead of a connection", reset_of_a_syn),
    *of_both("a SYN within a connection", syn_in_a_connection),
    *of_both("a connection with the ports of one that is over", opened_again),
    *of_both("a connection that one end has forgotten", forgotten_by_one_end),
    *of_both("segments of no connection", of_no_connection),
    *of_both("flags that nobody sends", nobody_sends),
    Case("a connection from outside", *[Tcp(INNER_SERVER, CLIENT, ipv6, dport=22).there("S", 0, "firewall-drop") for _, ipv6 in BOTH],
         Tcp(SERVER, CLIENT, True, dport=22).there("S", 0, "firewall-drop"), Rules({"default": 3})),
    Case("rules by state", (flow := tcp()).open(), flow.talk(), flow.close(), Rules({"out": 1, "established": 9})),
    *of_both("datagrams and their answers", answered),
    *of_both("an answer that nobody asked for", unasked),
    *of_both("answers from elsewhere", spoken_to_by_others),
    *of_both("echo requests and replies", echoed),
    *of_both("a protocol without ports", generic),
    *of_both("errors about what was sent", errors_about),
    *of_both("errors about what was not", errors_about_nothing),
    *of_both("wrong checksums", wrong_sums),

    Case("a datagram without an answer: 120 s", *timed_out(udp, lambda flow: flow.there(), 120, "firewall-drop")),
    Case("a datagram with an answer: 300 s", *timed_out(udp, lambda flow: flow.there() + flow.back(), 300, "firewall-drop")),
    Case("an echo request: 60 s", *timed_out(lambda: Echo(CLIENT, INNER_SERVER), lambda flow: flow.there(), 60, "icmp-unrelated")),
    Case("a connection: 2 hours and 4 minutes", *connection_timed_out()),
    Case("a connection that is being opened: 4 minutes", *opening_timed_out()),
    Case("a connection that is over: 4 minutes", *closed_timed_out()),

    *of_both("rejected, TCP", lambda ipv6: rejected_as((tcp6 if ipv6 else tcp4)(LAN, WAN, "S", dport=23), 0, 1001, "RA")),
    Case("rejected, UDP", refused(LAN, udp4(LAN, WAN, dport=69), "firewall-reject", (UNREACHABLE4, PROHIBITED4)),
         refused(LAN, udp6(LAN, WAN, dport=69), "firewall-reject", (UNREACHABLE6, PROHIBITED6)), Rules({"no-tftp": 2})),
    Case("no more connections of one source than the rule says", *limited()),
    Case("no faster than the rule says, and only what is new", *slowed()),
    Case("a flood", *flooded()),

    Case("fragments, IPv4", *together_in_pieces()),
    Case("fragments in disorder", *shuffled_pieces()),
    Case("fragments, IPv6", *fragmented6()),
    *of_both("fragments that overlap", overlapping),
    Case("fragments without a first", *never_whole()),
    Case("as many fragments as may wait", *all_that_waits()),
    *of_both("a packet from where it goes", same_ends),
]
