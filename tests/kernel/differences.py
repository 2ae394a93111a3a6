# SPDX-License-Identifier: Apache-2.0
"""Where Weir and the kernel differ on purpose: each with a test for when it applies, and why it is so.

A difference that no row of LIST applies to is a failure. A row looks at the packet and at both outcomes, as closely as it
can. After a difference that `parts` the two routers' minds about a connection, what comes of this connection's later
packets is put down to it.
"""

import dataclasses

import network
import outcome
import wire

ERROR, FORWARD, RESET = outcome.ERROR, outcome.FORWARD, outcome.RESET


@dataclasses.dataclass
class Case:
    """A packet (or a datagram's fragments) and what became of it."""

    step: object  # the first of its fragments
    steps: list
    data: bytes  # IP packet as it was sent to the kernel
    frame: bytes
    kernel: list
    weir: list
    rule_set: object

    def __post_init__(self):
        self.seen = wire.read(self.data)

    @property
    def kind(self):
        return self.step.kind

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
            section 5.3.7; for IPv6 BCP 38 says the same); the kernel looks for it in IPv4 only""")
def _(case):
    return case.quiet_weir and case.seen.version == 6 and wire.text(case.seen.source) in network.OWN


NO_SOURCE6 = ("::1", "::ffff:192.0.2.10")


@difference("source that nobody has", """IPv6's loopback and mapped IPv4 addresses are never on a wire (RFC 4291, sections
            2.5.3 and 2.5.5.2; RFC 6890)""")
def _(case):
    return case.quiet_weir and case.seen.version == 6 and case.seen.source in map(wire.packed, NO_SOURCE6)


@difference("destination that nobody has", """the unspecified address, mapped IPv4 addresses, 169.254.0.0/16 (RFC 3927,
            section 7) and 240.0.0.0/4 are not forwarded; the kernel follows its default route""")
def _(case):
    nobody = ("::", "::ffff:192.0.2.10", "169.254.3.4", "240.0.0.9")
    return case.quiet_weir and case.seen.destination in map(wire.packed, nobody)


@difference("link-local source", """neither router forwards it; the kernel says so with an error (RFC 4443, section 3.1, code
            2), Weir is silent towards what may be any station's address""")
def _(case):
    return case.quiet_weir and case.error(case.kernel) == (1, 2) and case.seen.source[:2] == b"\xfe\x80"


@difference("169.254.0.0/16 as source", "not forwarded (RFC 3927, section 2.7); the kernel forwards it")
def _(case):
    return case.quiet_weir and case.seen.source[:2] == b"\xa9\xfe"


@difference("LAND", """from and to the same end: nobody sends it but to make a host talk to itself; Weir drops it by name""")
def _(case):
    return case.quiet_weir and case.kind == "broken same ends"


@difference("time to live before rules", """the kernel answers that a packet's time is up before it asks the rules; Weir asks
            them first, so whoever may not pass does not learn who stands here""")
def _(case):
    return (case.seen.ttl or 0) <= 1 and case.error(case.kernel) in ((11, 0), (3, 0)) and case.kernel != case.weir


@difference("route before tracking", """where there is no way the kernel says so before it looks at connections; Weir drops
            what can't begin one before it looks for a way""")
def _(case):
    return case.quiet_weir and case.unrouted and case.error(case.kernel) in ((3, 1), (1, 0))


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


@difference("link-local destination", """neither router forwards it; the kernel says that there is no route, Weir nothing""")
def _(case):
    return case.quiet_weir and case.seen.destination[:2] == b"\xfe\x80" and case.error(case.kernel) == (1, 0)


@difference("fragment that is whole", """RFC 6946: judged as the packet that it is; the kernel takes its fragment header off, and
            quotes it without""")
def _(case):
    return "atomic fragment" in case.kind and case.error(case.kernel) == case.error(case.weir) is not None


# Checksums


def bad_sum(case):
    return outcome.sum_error(case.data, case.seen) not in (0, None)


@difference("checksum of a later packet", """the ends check it, and drop it without harm; Weir checks what a flow begins with,
            so that nobody makes flows of noise, and the kernel checks all""")
def _(case):
    return case.rule_set.stateful and bad_sum(case) and not case.kernel and case.weir_says(FORWARD)


@difference("answer to a wrong checksum", """the kernel does not reject what has a wrong checksum; Weir sends no reset to it,
            but an ICMP error says nothing about the transport, and needs no right sum there""")
def _(case):
    return bad_sum(case) and not case.kernel and case.weir_says(ERROR)


@difference("length of UDP in its checksum", """RFC 768 has UDP's own length in the pseudo-header; the kernel takes IP's, so where
            the datagram is shorter than its packet it finds the right sum wrong""")
def _(case):
    length = int.from_bytes(case.data[case.seen.start + 4 : case.seen.start + 6], "big")
    return case.seen.protocol == wire.UDP and not case.kernel and not bad_sum(case) and length < case.seen.end - case.seen.start


@difference("answer to a protocol without checksum", """the kernel looks for a checksum in every protocol that it does not know
            before it rejects, and so never answers""")
def _(case):
    known = (wire.TCP, wire.UDP, wire.ICMP, wire.ICMP6, wire.SCTP)
    return case.seen.protocol not in known and not case.kernel and case.error(case.weir) in ((1, 1), (3, 13))
