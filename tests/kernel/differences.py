# SPDX-License-Identifier: Apache-2.0
"""Where Weir and the kernel differ on purpose: each with a test for when it applies, and why it is so.

A difference that no row of LIST applies to is a failure. A row looks at the packet and at both outcomes, as closely as it
can. After a difference that `parts` the two routers' minds about a connection, what comes of this connection's later
packets is put down to it.
"""

import dataclasses

import network
import outcome
import windows
import wire

ERROR, FORWARD, RESET = outcome.ERROR, outcome.FORWARD, outcome.RESET


@dataclasses.dataclass
class Case:
    """A packet (or a datagram's fragments) and what became of it."""

    step: object  # the first of its fragments
    steps: list
    pieces: list  # IP packets as they were sent to the kernel
    frame: bytes
    kernel: list
    weir: list
    rule_set: object
    sent: list  # (step, IP packet): earlier ones of its flow, as they came to Weir
    kernel_before: set  # what the kernel did with earlier packets of its flow
    said: list  # of these, what Weir let through: (direction, IP packet as it came, as it left)

    def __post_init__(self):
        self.before = [step for step, _ in self.sent]
        self.data = self.pieces[0]
        self.seen = wire.read(self.data)

    @property
    def kind(self):
        return self.step.kind

    @property
    def inner(self):
        """What an ICMP error quotes."""
        return wire.read(self.data[self.seen.start + 8 :])

    @property
    def windows(self):
        return windows.Ends(self.said)

    @property
    def is_passed_by_kernel_alone(self):
        """A whole TCP segment that the kernel lets through, and Weir drops, or refuses where a rule refuses what is invalid."""
        return self.seen.flags is not None and self.kernel_says(FORWARD) and (not self.weir or self.weir_says(RESET)) and \
            not transport_is_cut(self)

    @property
    def answers(self):
        """(before, after) of what the other end has said before, and Weir let through."""
        return [(wire.read(came), wire.read(left)) for direction, came, left in self.said if direction != self.step.direction]

    @property
    def answered(self):
        return bool(self.answers)

    @property
    def answers_translated(self):
        """The other end has answered from another address than its own."""
        return any(came.source != left.source for came, left in self.answers)

    def kernel_says(self, *kinds):
        return [one[0] for one in self.kernel] == list(kinds)

    def weir_says(self, *kinds):
        return [one[0] for one in self.weir] == list(kinds)

    def error(self, outputs):
        """(type, code) of the one ICMP error among outputs that are nothing else."""
        return outputs[0][3][3:5] if len(outputs) == 1 and outputs[0][0] == ERROR else None

    @property
    def quiet_weir(self):
        return not self.weir

    @property
    def quiet_weir_or_refused(self):
        """Dropped by Weir, or refused where a rule refuses what is invalid."""
        return not self.weir or self.weir_says(RESET)

    @property
    def unrouted(self):
        """The route says unreachable, blackhole or nothing."""
        return self.seen.destination and any(self.seen.destination == wire.packed(end) for end in network.ENDS4 + network.ENDS6)


@dataclasses.dataclass(frozen=True)
class Difference:
    name: str
    applies: object
    parts: bool
    why: str


LIST = []


def difference(name, why, parts=False):
    def add(function):
        LIST.append(Difference(name, function, parts, " ".join(why.split())))
        return function
    return add


def explain(case):
    """The difference that applies, or None."""
    return next((one for one in LIST if one.applies(case)), None)


# What is judged before the rules


def transport_is_cut(case):
    """A transport header that is not all there, or is longer than what there is."""
    seen, data = case.seen, case.data
    rest = data[seen.start : seen.end]
    if seen.bad or seen.offset:
        return False
    if seen.protocol == wire.TCP:
        return len(rest) < 20 or not 20 <= (rest[12] >> 4) * 4 <= len(rest)
    if seen.protocol == wire.UDP:
        return len(rest) < 8 or not 8 <= int.from_bytes(rest[4:6], "big") <= (65535 if seen.more else len(rest))
    if seen.protocol == wire.SCTP:
        return len(rest) < 12
    return seen.protocol == (wire.ICMP if seen.version == 4 else wire.ICMP6) and len(rest) < 8


@difference("transport header cut off", """what says less than its header must, or more than there is, can't be judged by
            rules, and no host would take it (RFC 9293, section 3.1; RFC 768; RFC 792): Weir drops it before its rules, the
            kernel lets each rule find out what it can read""")
def _(case):
    return case.quiet_weir and transport_is_cut(case)


@difference("own address as source", """a packet that comes from outside and from the router itself is a lie (RFC 1812,
            section 5.3.7; for IPv6 BCP 38 says the same); the kernel looks for it in IPv4 only""", parts=True)
def _(case):
    return case.quiet_weir and case.seen.version == 6 and wire.text(case.seen.source) in network.OWN


NOBODY = ("::", "::1", "::ffff:192.0.2.10", "0.1.2.3", "240.0.0.9")


@difference("broadcast address as source", """of one of the router's networks, old form included: nobody has it (RFC 1812, section
            5.3.7); the kernel looks for it where packets come from, and only there""")
def _(case):
    return case.quiet_weir and case.seen.source in map(wire.packed, ("192.0.2.255", "172.16.0.0"))


@difference("unicast IPv6 in a frame to a group", """as for IPv4 (RFC 1122, section 3.3.6), Weir does not take it; the kernel does""")
def _(case):
    return case.quiet_weir and case.kind in ("frame to a group", "frame to all stations") and case.seen.version == 6


@difference("source that nobody has", """IPv6's loopback and mapped IPv4 addresses are never on a wire (RFC 4291, sections
            2.5.3 and 2.5.5.2), nor are 0.0.0.0/8 and 240.0.0.0/4 (RFC 6890)""")
def _(case):
    return case.quiet_weir and case.seen.source in map(wire.packed, NOBODY)


@difference("destination that nobody has", """the unspecified address, mapped IPv4 addresses, 169.254.0.0/16 (RFC 3927,
            section 7) and 240.0.0.0/4 are not forwarded; the kernel follows its default route""")
def _(case):
    nobody = ("::", "::ffff:192.0.2.10", "169.254.3.4", "240.0.0.9", "0.1.2.3")
    return case.quiet_weir and case.seen.destination in map(wire.packed, nobody)


@difference("link-local source", """not forwarded (RFC 4291, section 2.5.6); the kernel says so with an error, or forwards it all
            the same where it goes back to its own link; Weir is silent towards what may be any station's address""")
def _(case):
    return case.quiet_weir and case.seen.source[:2] == b"\xfe\x80"


@difference("169.254.0.0/16 as source", "not forwarded (RFC 3927, section 2.7); the kernel forwards it")
def _(case):
    return case.quiet_weir and case.seen.source[:2] == b"\xa9\xfe"


@difference("LAND", """from and to the same address: nobody sends it by way of a router but to make a host talk to itself. It is
            invalid to Weir, which drops it by that name, or refuses it where its rules judge what is invalid; and new to the
            kernel, which may even translate it""")
def _(case):
    refused = case.rule_set.judges_invalid and (case.weir_says(RESET) or case.error(case.weir) in ((3, 13), (1, 1)))
    same = not case.seen.bad and case.seen.source == case.seen.destination or case.step.flow.source == case.step.flow.destination
    return case.rule_set.stateful and same and (case.quiet_weir or refused)


@difference("time to live before rules", """the kernel answers that a packet's time is up before it asks the rules; Weir asks
            them first, so whoever may not pass does not learn who stands here""")
def _(case):
    return (case.seen.ttl or 0) <= 1 and case.error(case.kernel) in ((11, 0), (3, 0)) and case.kernel != case.weir


@difference("route before tracking", """where there is no way the kernel says so before it looks at connections; Weir drops
            what can't begin one before it looks for a way""")
def _(case):
    return case.quiet_weir and case.unrouted and case.error(case.kernel) in ((3, 1), (1, 0))


@difference("errors about routes come slowly", """the kernel lets a host have a few such errors at a time, whatever the settings
            that a namespace has; Weir has `icmp-errors`""")
def _(case):
    return case.unrouted and not case.kernel and case.error(case.weir) in ((3, 0), (1, 0))


@difference("unreachable route", """IPv4: the kernel says that the host is unreachable (code 1), Weir that the network is
            (code 0), as RFC 1812, section 5.2.7.1, has it for what the routes don't lead to""")
def _(case):
    return case.unrouted and case.error(case.kernel) == (3, 1) and case.error(case.weir) == (3, 0)


@difference("options of IPv6 that ask for an answer", """hop-by-hop options are for routers that were told to look at them
            (RFC 8200, section 4): Weir looks whether they are well-formed, and does not do what they say""")
def _(case):
    return case.kind.startswith("broken extension") and case.seen.version == 6 and case.error(case.kernel) in ((4, 0), (4, 1), (4, 2))


@difference("malformed extension headers", """out of order (RFC 8200, section 4.1), too many of them (RFC 8504, section 5.3), a
            routing header of type 0 (RFC 5095): Weir drops them, the kernel forwards what is not for itself""")
def _(case):
    kinds = ("hop-by-hop after another", "routing header 0", "too many", "option past its end", "header past its end", "jumbo",
             "both")
    return case.quiet_weir and case.kind in {f"broken extension: {kind}" for kind in kinds}


@difference("options of IPv4 that are filled in", """the kernel writes its address or the time into record-route and timestamp
            options; Weir leaves them as they are (RFC 7126, sections 4.6 and 4.7, let a router ignore them)""")
def _(case):
    return case.kind in ("broken option timestamp", "broken option record route", "broken option long") and case.weir_says(FORWARD)


@difference("malformed options of IPv4", """dropped by both; the kernel says where (RFC 792), Weir says nothing, as for other
            headers that no host writes""")
def _(case):
    return case.quiet_weir and case.error(case.kernel) is not None and case.error(case.kernel)[0] == 12 and case.kind.startswith("broken ")


@difference("datagrams in fragments to the router", """Weir puts none together for itself (README, left out on purpose)""")
def _(case):
    return case.quiet_weir and wire.text(case.seen.destination) in network.OWN and case.seen.fragment


@difference("network's own address", """172.16.0.0 as destination is the old form of a broadcast, and dropped (RFC 1812, section
            4.2.3.1); the kernel takes it for a host's since 5.14""")
def _(case):
    return case.quiet_weir and case.seen.destination == wire.packed("172.16.0.0")


@difference("subnet-router anycast as source", """Weir answers from an address that is its own alone (RFC 4443, section 2.2), the
            kernel from the one that was asked""")
def _(case):
    return case.seen.destination == wire.packed("2001:db8:2::") and case.error(case.kernel) == case.error(case.weir) is not None


@difference("link-local destination", """never forwarded (RFC 4291, section 2.5.6); the kernel may follow its default route""")
def _(case):
    return case.quiet_weir and case.seen.destination[:2] == b"\xfe\x80"


@difference("no next header", """protocol 59 says that there is none; the kernel looks for one, and drops what has none""")
def _(case):
    return case.seen.protocol == 59 and not case.kernel


@difference("an external address of NAT's that stands for nobody", """what no mapping takes would go round in circles between the
            router and whoever sends it there: Weir drops it before its rules, the kernel sends it back out""")
def _(case):
    external = wire.text(case.seen.destination).startswith("203.0.113.") and wire.text(case.seen.destination) not in network.FAR4
    return case.quiet_weir and case.rule_set.nat and external


@difference("two flows with the same answers", """a packet to an internal address, from where an internal host has a masqueraded flow
            with the same ends: its answers could not be told from that flow's. The kernel changes the stranger's port, Weir
            refuses it""", parts=True)
def _(case):
    return case.quiet_weir and case.step.direction == "original" and case.answers_translated


@difference("fragment that is whole", """RFC 6946: Weir judges it as the packet that it is, and forwards it so; the kernel takes
            its fragment header off""")
def _(case):
    atomic = case.seen.version == 6 and not case.seen.fragment and wire.FRAGMENT in (case.data[6], case.data[40])
    return atomic and [one[:2] for one in case.kernel] == [one[:2] for one in case.weir]


@difference("datagram that is not whole", """the kernel puts datagrams together, and gives nothing away of one that lacks a piece;
            Weir only waits for the first piece, which shows what is asked for, and lets the others follow (RFC 1858 and 5722
            are heeded: no overlaps, no tiny first pieces)""")
def _(case):
    return case.seen.fragment and not case.kernel and outcome.whole(case.pieces) is None


# Checksums


def bad_sum(case):
    return outcome.sum_error(case.data, case.seen) not in (0, None)


@difference("checksum of a later packet", """the ends check it, and drop it without harm; Weir checks what a flow begins with,
            so that nobody makes flows of noise, and the kernel checks all""", parts=True)
def _(case):
    return case.rule_set.stateful and bad_sum(case) and not case.kernel and case.weir_says(FORWARD)


@difference("answer to a wrong checksum", """the kernel does not reject what has a wrong checksum; Weir sends no reset to it,
            but an ICMP error says nothing about the transport, and needs no right sum there""")
def _(case):
    return bad_sum(case) and not case.kernel and case.weir_says(ERROR)


@difference("UDP without checksum over IPv6", """RFC 8200, section 8.1: not allowed, and no flow begins with it; the kernel does not
            look""", parts=True)
def _(case):
    return case.kind == "udp without checksum" and case.seen.version == 6 and not case.weir_says(FORWARD)


@difference("length of UDP in its checksum", """RFC 768 has UDP's own length in the pseudo-header; the kernel takes IP's, so where
            the datagram is shorter than its packet it finds the right sum wrong""", parts=True)
def _(case):
    length = int.from_bytes(case.data[case.seen.start + 4 : case.seen.start + 6], "big")
    return case.seen.protocol == wire.UDP and not case.kernel and not bad_sum(case) and length < case.seen.end - case.seen.start


@difference("answer to a protocol without checksum", """the kernel looks for a checksum in every protocol that it does not know
            before it rejects, and so never answers""")
def _(case):
    known = (wire.TCP, wire.UDP, wire.ICMP, wire.ICMP6, wire.SCTP)
    return case.seen.protocol not in known and not case.kernel and case.error(case.weir) in ((1, 1), (3, 13))


@difference("what follows a packet that only one of them took", """for its checksum, the packet belonged to the flow for one of the
            routers, and to none for the other: so to one the flow is established""")
def _(case):
    kinds = ("udp bad checksum", "udp length short of all", "udp without checksum", "icmp bad checksum")
    return any(step.kind in kinds for step in case.before)


# Connections


@difference("older than a window", """van Rooij's inequalities II and IV: what ended a whole window ago, or acknowledges what is
            long past, is out of the window for Weir. The kernel lets such segments pass since 6.1, without learning from
            them""", parts=True)
def _(case):
    return case.is_passed_by_kernel_alone and case.windows.is_old(case.step.direction, case.data)


@difference("old acknowledgement while a connection opens", """who waits until its SYN is acknowledged takes nothing less, and
            answers it with a reset (RFC 9293, section 3.10.7.4): nor does Weir take it, so that nobody opens a connection who does
            not see its SYN-ACK. The kernel has van Rooij's inequality IV here, too: of 65,000 guesses one is right""")
def _(case):
    return case.is_passed_by_kernel_alone and case.windows.opens_wrongly(case.step.direction, case.data)


@difference("answer to another SYN", """both ends have forgotten the connection, and open another: the SYN-ACK that shows this is lost
            (nf/flow/track_tcp.c), and the SYN comes again; or, where a rule refused the first SYN-ACK, is refused like it. The
            kernel takes any SYN once it has refused""", parts=True)
def _(case):
    syn_ack = (case.seen.flags or 0) & 0x17 == wire.SYN | wire.ACK
    syns = {wire.numbers(left)[0] for by, _, left in case.said if by != case.step.direction and windows.is_syn(left)}
    answered = any("syn-ack" in step.kind and step.direction == case.step.direction for step in case.before)
    return case.quiet_weir_or_refused and syn_ack and answered and len(syns) > 1


@difference("acknowledgement of what Weir did not let through", """for a reason that was argued then: it was never sent, for Weir (van Rooij's
            inequality III)""")
def _(case):
    theirs = [data for step, data in case.sent if step.direction != case.step.direction and wire.read(data).flags is not None]
    return case.is_passed_by_kernel_alone and case.windows.acknowledges_unsent(case.step.direction, case.data) and \
        any(wire.segment_end(data) == wire.numbers(case.data)[1] for data in theirs)


@difference("answer to an earlier SYN", """of several SYNs before there is an answer the last one counts for Weir, since it can't say which
            one is a late duplicate: an answer to another is lost, and the SYN comes again. The kernel takes an acknowledgement of
            any""", parts=True)
def _(case):
    syns = [wire.segment_end(left) for by, _, left in case.said if by != case.step.direction and windows.is_syn(left)]
    return case.is_passed_by_kernel_alone and case.seen.flags & wire.ACK and case.seen.flags & windows.SYN_BITS and \
        wire.numbers(case.data)[1] in [number for number in syns if number != syns[-1]]


@difference("SYN with another number", """while it is not answered by a SYN-ACK the last SYN counts, whatever came before (RFC 9293, section
            3.5.1: the opener may have forgotten its first one). The kernel holds it to a window once the other end has said
            anything""", parts=True)
def _(case):
    syns = [by for by, _, left in case.said if windows.flags(left) & windows.SYN_BITS == wire.SYN]
    heard = any(step.direction != case.step.direction for step in case.before)
    return (case.seen.flags or 0) & 0x17 == wire.SYN and case.weir_says(FORWARD) and not case.kernel_says(FORWARD) and \
        bool(syns) and set(syns) == {case.step.direction} and heard


@difference("data before the SYN is acknowledged", """as much as the other end's SYN has offered (RFC 7413, section 4.2.2): the
            kernel lets no data pass before""")
def _(case):
    return case.seen.flags is not None and case.weir_says(FORWARD) and not case.kernel_says(FORWARD) and \
        case.windows.comes_early(case.step.direction, case.data)


@difference("what follows a SYN or SYN-ACK with another number", """in a connection that has not ended, from an end that had sent
            one already: the last counts for Weir, because of SYN cookies (RFC 4987, section 3.6) and of openers that forgot; the
            kernel stays with the first, or the highest""")
def _(case):
    return wire.TCP in (case.seen.protocol, case.inner.protocol) and case.weir_says(FORWARD) and not case.kernel_says(FORWARD) and \
        windows.begins_twice(case.said)


@difference("reset of a SYN without acknowledgement", """RFC 9293, section 3.10.7.3: in SYN-SENT a reset must acknowledge the SYN,
            or anybody could send it""", parts=True)
def _(case):
    return case.quiet_weir and case.kernel_says(FORWARD) and (case.seen.flags or 0) & 0x17 == wire.RST and case.step.direction == "reply"


@difference("acknowledgement before there is a connection", """while both ends' SYNs are all that was seen, an ACK of an older
            connection means nothing: Weir has no cell for it, the kernel lets it pass without learning""", parts=True)
def _(case):
    before = [step for step in case.before if step.kind.startswith(("tcp syn within", "tcp simultaneous", "tcp bad options"))]
    return case.is_passed_by_kernel_alone and case.seen.flags & 0x17 == wire.ACK and bool(before)


ODD_RESETS = ("behind", "in the window", "outside", "with a wrong ack", "with ack", "at its place")


def is_odd_reset(step, data):
    odd = step.kind in {f"tcp reset {kind}" for kind in ODD_RESETS} or step.kind in ("tcp flags", "tcp stray")
    return odd and bool(windows.flags(data) & wire.RST)


@difference("resets that are not in their place", """Weir judges them by van Rooij's window, and one in the window closes; before a SYN
            was answered its sender may reset with any number, which closes nothing. The kernel compares with what was
            acknowledged, and waits whether the end that got it believes it (RFC 5961, section 3.2)""", parts=True)
def _(case):
    return is_odd_reset(case.step, case.data)


@difference("reset of an opener", """before its SYN was answered, the opener may reset what answered it wrongly, with that
            answer's number (RFC 9293, section 3.5.1): any number; the kernel looks for it in the window""", parts=True)
def _(case):
    return (case.seen.flags or 0) & wire.RST and not case.answered and not case.kernel and case.weir_says(FORWARD)


@difference("reset in a simultaneous open", """while both ends' SYNs are all that was seen, a reset must acknowledge its SYN; the
            kernel looks at its number""", parts=True)
def _(case):
    return case.kind == "tcp syn answered by reset" and any("syn" in step.kind and step.direction == "reply" for step in case.before)


@difference("what follows a reset that was not in its place", """the connection is over for one and not for the other""")
def _(case):
    return wire.TCP in (case.seen.protocol, case.inner.protocol) and any(is_odd_reset(*one) for one in case.sent)


@difference("what follows a refused SYN", """the kernel forgets a connection at once whose SYN was answered by a reset; Weir after
            `tcp-closed`, so that what comes late still belongs to it""")
def _(case):
    return not case.kernel and case.weir_says(FORWARD) and any(step.kind == "tcp syn answered by reset" for step in case.before)


@difference("SCTP's verification tags and checksum", """left to the ends (RFC 9260, section 8.5): Weir tracks associations by their
            chunks""", parts=True)
def _(case):
    return case.kind in ("sctp wrong tag", "sctp bad checksum", "sctp stray data") and not case.kernel_says(FORWARD)


@difference("errors about ICMP types that nobody knows", """they may be errors themselves, thinks the kernel, and says nothing; Weir
            knows the errors that there are (RFC 792)""")
def _(case):
    known = (0, 8, 13, 14, 15, 16, 17, 18)
    return case.seen.version == 4 and case.seen.kind is not None and case.seen.kind not in known and not case.kernel and \
        case.error(case.weir) == (3, 13)


@difference("resets about packets with options", """the kernel sends none where it has filled in an option""")
def _(case):
    return case.kind.startswith("broken option") and not case.kernel and case.weir_says(RESET)


@difference("repeated first fragment", "Weir refuses each as it comes")
def _(case):
    return len(case.steps) > 1 and case.kernel_says(ERROR) and case.weir_says(ERROR, ERROR)


@difference("authentication header", """Weir walks through it to the transport header, as through other extension headers (RFC
            4302 does not hide it); to nftables it is the protocol""")
def _(case):
    return case.kind == "broken extension: authentication"


@difference("beyond a FIN that was acknowledged", """its sender has nothing more to say (RFC 9293, section 3.6): Weir drops what
            goes further, the kernel looks at the window only""")
def _(case):
    return case.is_passed_by_kernel_alone and case.windows.goes_beyond_fin(case.step.direction, case.data)


@difference("SYN-ACK in a connection that closes", """nobody has one to send there; Weir's table has no cell for it, the kernel lets
            it pass without learning from it""", parts=True)
def _(case):
    return case.seen.protocol == wire.TCP and (case.seen.flags or 0) & 0x17 == wire.SYN | wire.ACK and case.kernel_says(FORWARD)


@difference("opened again from the other end", """after a reset either end may open a connection; to Weir it is a new one, which the
            rules judge as such. In a connection that lives a SYN is let through to be answered by a challenge (RFC 5961, section
            4). To the kernel both are invalid""", parts=True)
def _(case):
    opener = case.said[0][0] if case.said else "original"
    return (case.seen.flags or 0) & 0x17 == wire.SYN and case.step.direction != opener and case.weir and case.kernel != case.weir


@difference("other protocols to the router itself", """nothing answers there, and Weir says so; the kernel speaks some of them""")
def _(case):
    return case.seen.protocol not in (wire.TCP, wire.UDP, wire.ICMP, wire.ICMP6) and wire.text(case.seen.destination) in network.OWN and not case.kernel and \
        case.error(case.weir) in ((3, 2), (4, 1))


@difference("flow whose first packet's time was up", """Weir has a flow from when its rules accept it, the kernel from when a packet of it
            has left""")
def _(case):
    return case.seen.is_error and not case.kernel and case.weir_says(FORWARD) and (case.inner.ttl or 0) <= 1


@difference("what follows a FIN that came early", """Weir knows a FIN by its number, and that it was acknowledged by the same; the
            kernel counts flags, and is done with the connection sooner""")
def _(case):
    return any(step.kind == "tcp fin early" for step in case.before)


@difference("acknowledgement that answers a SYN", """an end that knows an older connection answers so (RFC 9293, section 3.5.1), and the
            opener resets it: both let it pass, the kernel not after an invalid packet""", parts=True)
def _(case):
    opening = [step.kind for step in case.before if "syn" in step.kind]
    return (case.seen.flags or 0) & 0x17 == wire.ACK and bool(opening) and "syn-ack" not in opening[-1] and not case.kernel and \
        case.weir_says(FORWARD)


@difference("what follows a reset of the router's own", """the kernel takes a reset that it sends about an invalid packet for one of the
            connection's: that is over then, while both ends go on""")
def _(case):
    return wire.TCP in (case.seen.protocol, case.inner.protocol) and RESET in case.kernel_before and not case.kernel_says(FORWARD)


@difference("what an error quotes", """a TCP sequence number that is not in flight was made up (RFC 5927, section 4.1); the kernel
            looks at addresses and ports only""")
def _(case):
    known = ("syn", "ack", "data", "fin", "ack of fin")
    kinds = [step.kind for step in case.before if not step.kind.startswith("error")]
    strange = kinds.count("tcp syn") > 1 or any(kind not in {f"tcp {one}" for one in known} for kind in kinds)
    return case.quiet_weir and case.kernel_says(FORWARD) and case.seen.is_error and case.inner.protocol == wire.TCP and \
        (strange or case.kind == "error other number")


def without_quoted_checksum(output):
    """(a forwarded error but for the checksum of the SCTP packet that it quotes, that checksum)."""
    *rest, (ends, quote) = output[3]
    at = (20 if quote[0] >> 4 == 4 else 40) + wire.SUM_OFFSET[wire.SCTP]
    return (*output[:3], *rest, ends, quote[:at], quote[at + 4 :]), quote[at : at + 4]


@difference("checksum of a quoted SCTP packet", """it covers neither addresses nor what the quote lacks: Weir, which does not change ports
            of SCTP, leaves it as its sender wrote it, as RFC 5508, REQ-4, has it for what is quoted. The kernel sums what is
            there of the packet, as if that were all""")
def _(case):
    inner = case.inner
    if not (case.seen.is_error and inner.protocol == wire.SCTP and case.kernel_says(FORWARD) and case.weir_says(FORWARD)):
        return False
    (theirs, _), (ours, sent) = map(without_quoted_checksum, case.kernel + case.weir)
    at = case.seen.start + 8 + inner.start + wire.SUM_OFFSET[wire.SCTP]
    return theirs == ours and sent == case.data[at : at + 4]


@difference("quote without a sequence number", """RFC 792 asks for eight bytes of a TCP header; without them nothing shows that who says
            it has seen the packet (RFC 5927, section 4.1). The kernel needs the ports""")
def _(case):
    inner = case.inner
    quoted = len(case.data) - (case.seen.start + 8 + inner.start)
    return case.rule_set.stateful and case.quiet_weir_or_refused and case.seen.is_error and inner.protocol == wire.TCP and \
        not inner.offset and quoted < 8 and case.kernel_says(FORWARD)


@difference("quote of less than eight bytes", """the kernel translates errors only if they quote as much as RFC 792 asks for; Weir
            needs the ports""")
def _(case):
    return case.rule_set.nat and case.kind == "error cut to four bytes" and not case.kernel and case.weir_says(FORWARD)


@difference("errors about what was translated", """the kernel answers from the address that was asked, Weir from its own""")
def _(case):
    return case.rule_set.nat and case.error(case.kernel) == case.error(case.weir) is not None


@difference("SYN-ACK from the opener", """in a simultaneous open it comes from there, too, and may come again: Weir lets it pass
            without learning from it, the kernel takes it for invalid""")
def _(case):
    syn_ack = (case.seen.flags or 0) & 0x17 == wire.SYN | wire.ACK
    opened = any(by == case.step.direction and windows.is_syn(left) for by, _, left in case.said)
    return syn_ack and opened and not case.kernel and case.weir_says(FORWARD)


@difference("reset of a connection that closes", """Weir looks for it in the window as ever; the kernel takes any number once a FIN
            was seen""")
def _(case):
    fin = any("fin" in step.kind for step in case.before)
    return case.quiet_weir and case.kernel_says(FORWARD) and fin and (case.seen.flags or 0) & wire.RST


@difference("source quench and redirect", """the first is obsolete (RFC 6633), the second is for hosts on the link and never
            forwarded (RFC 1812, section 5.2.7.2); to the kernel they are errors like others""")
def _(case):
    return case.quiet_weir and case.seen.version == 4 and case.seen.kind in (4, 5) and case.kernel


@difference("error about a packet to the router itself", """Weir tracks no connections of its own""")
def _(case):
    if not (case.quiet_weir and case.seen.is_error):
        return False
    inner = case.inner
    return not inner.bad and bool({wire.text(inner.source), wire.text(inner.destination)} & set(network.OWN))


@difference("error about a flow that Weir has not", """nothing of it got through, for a reason that was argued then: so this is about
            nothing that Weir knows""")
def _(case):
    return case.rule_set.stateful and case.quiet_weir_or_refused and case.seen.is_error and not case.said and case.kernel_says(FORWARD)


@difference("SCTP out of the blue", """a shutdown acknowledgement without an association (RFC 9260, section 8.4) begins a flow for
            the kernel, and none for Weir, where INIT alone does""")
def _(case):
    return case.kind == "sctp shutdown-ack" and not case.weir_says(FORWARD)


@difference("another way in", """a flow belongs to the ports that it came and left by: from another port comes another flow, so
            that nobody speaks for somebody elsewhere; the kernel does not look at ports""", parts=True)
def _(case):
    flow = case.step.flow
    return flow.client is not network.port_towards(flow.source) and case.rule_set.stateful


@difference("error from another way", """what is said to have left by one port, and is complained about at another: nobody speaks for somebody
            elsewhere. The kernel does not look at ports""")
def _(case):
    inner, came = case.inner, next((port for port in network.PORTS if port.mac == case.frame[:6]), None)
    return case.rule_set.stateful and case.quiet_weir_or_refused and case.seen.is_error and not inner.bad and case.kernel_says(FORWARD) and \
        came is not network.port_towards(wire.text(inner.destination))


@difference("past the window", """a segment begins in the window that its receiver has offered (van Rooij's inequality I); the kernel lets
            senders be wrong by as much as a window""", parts=True)
def _(case):
    return case.is_passed_by_kernel_alone and case.windows.is_ahead(case.step.direction, case.data)


@difference("SYN in TIME-WAIT", """begins another connection only with a number beyond the last one (RFC 9293, section 3.10.7.4; RFC
            6191), and is let through to be answered otherwise; the kernel takes any""", parts=True)
def _(case):
    kinds = [step.kind for step in case.before]
    fin = [at for at, kind in enumerate(kinds) if "fin" in kind]
    return bool(fin) and any("syn" in kind or "options" in kind for kind in kinds[fin[-1] :]) and \
        (case.weir_says(FORWARD) or case.quiet_weir)


@difference("checksum inside an error", """RFC 5508, REQ-3: an error that quotes an IP header whose checksum is wrong is dropped; the
            kernel does not look""")
def _(case):
    return case.quiet_weir and case.kind == "error bad checksum inside" and case.kernel
