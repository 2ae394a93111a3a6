# SPDX-License-Identifier: Apache-2.0
"""A rule set in nftables' language, so that it means what Weir's configuration means.

Two tables of rules, since Weir judges packets for itself and for others with the same ones: `forward` and `input`. Each
rule is written once for each address family, and per protocol where it looks into transport headers; counters have the
rules' names and are shared. Differences between the languages that are settled here:

  - A Weir rule that names no state means any but `invalid`, and unless a rule names `invalid`, such packets are dropped
    before all rules (nf/flow/flow.h).
  - Weir tracks no flow to itself: there, `new` is also what the kernel takes for established.
  - Behind an accepting rule there is what answers: the kernel is kept from offering what Weir doesn't.
"""

import ipaddress
import itertools

import network
import rules
import wire

FAMILIES = {4: ("ipv4", "ip", wire.ICMP), 6: ("ipv6", "ip6", wire.ICMP6)}
WITHOUT_TCP = " meta l4proto != tcp"
HAIRPIN = 1


def braced(items):
    return "{ " + ", ".join(map(str, items)) + " }"


def span(low, high):
    return str(low) if low == high else f"{low}-{high}"


def merged(networks, version):
    """Networks of one family, without overlaps, which nft refuses."""
    found = [ipaddress.ip_network(one) for one in networks]
    return [str(net) for net in ipaddress.collapse_addresses([net for net in found if net.version == version])]


def address_match(family, side, networks, members, version):
    """A match for one side's addresses; "" for any; None when no address of the family matches."""
    if not networks and members is None:
        return ""
    wanted = merged(networks or members, version)
    return f" {family} {side} {braced(wanted)}" if wanted else None


def transport_matches(rule, version):
    """One conjunction for each way that a rule may look at a transport header."""
    name, _, icmp = FAMILIES[version]
    other = wire.ICMP if version == 6 else wire.ICMP6
    wanted = [protocol for protocol in rule.protocols if protocol != other]
    if rule.protocols and not wanted:
        return []
    types = rule.icmp if version == 4 else rule.icmp6
    plain = [protocol for protocol in wanted if not (protocol == icmp and types)]
    found = []
    if plain or not rule.protocols:
        words = f" meta l4proto {braced(plain)}" if plain else ""
        words += f" th dport {braced(span(*one) for one in rule.ports)}" if rule.ports else ""
        words += f" th sport {braced(span(*one) for one in rule.source_ports)}" if rule.source_ports else ""
        if rule.flags:
            mask, value = sum(bit for bit, _ in rule.flags), sum(bit for bit, there in rule.flags if there)
            words += f" tcp flags & {mask:#x} == {value:#x}"
        found.append(words)
    if icmp in wanted and types:
        header = "icmp" if version == 4 else "icmpv6"
        pairs = braced(f"{kind} . {'0-255' if code is None else code}" for kind, code in types)
        found.append(f" meta l4proto {icmp} {header} type . {header} code {pairs}")
    return found


def state_match(rule, stateful, chain):
    if not stateful:
        return ""
    states = list(rule.states or ("new", "established", "related"))
    if chain == "input":
        states = [state for state in states if state != "established"] + ["established"] * ("new" in states)
    return f" ct state {braced(states)}" if states else None


def matches(rule, sets, stateful, chain):
    """All conjunctions of a rule in a chain."""
    ports = [name for name in rule.go if name != rules.SELF]
    if rule.go and (rules.SELF not in rule.go if chain == "input" else not ports):
        return
    state = state_match(rule, stateful, chain)
    if state is None:
        return
    place = f" iifname {braced(rule.come)}" if rule.come else ""
    if chain == "forward" and rule.go:
        place += f" oifname {braced(ports)}"
    for version, (name, header, _) in FAMILIES.items():
        source = address_match(header, "saddr", rule.sources, sets.get(rule.source_set), version)
        destination = address_match(header, "daddr", rule.destinations, sets.get(rule.destination_set), version)
        if source is None or destination is None:
            continue
        dscp = f" {header} dscp {braced(rule.dscps)}" if rule.dscps else ""
        for transport in transport_matches(rule, version):
            yield f"meta nfproto {name}{place}{source}{destination}{transport}{dscp}{state}"


def verdicts(rule, chain):
    """What follows a match, as lines of their own where a protocol needs its own."""
    count = f" counter name {rule.name}"
    accept = " goto services" if chain == "input" else " accept"
    if rule.action == rules.LIMIT:
        return [f" limit name over-{rule.name}{count} drop"]
    if rule.action == rules.REJECT:
        return [f" meta l4proto tcp{count} reject with tcp reset",
                f"{WITHOUT_TCP}{count} reject with icmpx type admin-prohibited"]
    limit = f" limit name up-to-{rule.name}" if rule.burst else ""
    return [limit + count + {rules.ACCEPT: accept, rules.DROP: " drop"}.get(rule.action, "")]


def chain_lines(rule_set, chain):
    lines = [f"  chain {chain} {{", f"    type filter hook {chain} priority filter; policy drop;"]
    if rule_set.stateful and not rule_set.judges_invalid:
        lines.append("    ct state invalid drop")
    for rule in rule_set.in_order():
        last = rule.name == "default"
        found = [""] if last else matches(rule, rule_set.sets, rule_set.stateful, chain)
        lines += [f"    {match}{verdict}" for match, verdict in itertools.product(found, verdicts(rule, chain))]
    return lines + ["  }"]


def limit_lines(rule_set):
    for rule in rule_set.rules:
        if rule.burst:
            over = rule.action == rules.LIMIT
            yield (f"  limit {'over' if over else 'up-to'}-{rule.name} "
                   f"{{ rate {'over ' if over else ''}1/hour burst {rule.burst} packets }}")


def static_pairs(nat):
    """(external, internal) addresses that stand for each other."""
    for external, internal in nat.static:
        yield from zip(ipaddress.ip_network(external), ipaddress.ip_network(internal))


def destination_lines(nat):
    """What comes from elsewhere than the WAN goes out again as a hairpin: postrouting knows it by its mark."""
    own = network.WAN.own4
    rows = [(f"ip daddr {external}", f"{internal}") for external, internal in static_pairs(nat)]
    for one in nat.forwards:
        protocol = {wire.TCP: "tcp", wire.UDP: "udp"}[one.protocol]
        rows += [(f"ip daddr {own} {protocol} dport {port}", f"{one.to}:{one.to_port + port - one.listen[0]}")
                 for port in range(one.listen[0], one.listen[1] + 1)]
    for match, to in rows:
        yield f'iifname != "wan" {match} meta mark set {HAIRPIN} dnat ip to {to}'
        yield f"{match} dnat ip to {to}"


def source_lines(nat):
    for external, internal in static_pairs(nat):
        yield f'oifname "wan" ip saddr {internal} snat ip to {external}'
        yield f"meta mark {HAIRPIN} ip saddr {internal} snat ip to {external}"
    for asked in (network.WAN.own4, *(external for external, _ in static_pairs(nat))):
        yield f"meta mark {HAIRPIN} ct original ip daddr {asked} snat ip to {asked}"
    for where in nat.keep:
        yield f'oifname "wan" ip daddr {where} accept'
    if nat.pool:
        pool = ipaddress.ip_network(nat.pool[1])
        yield f'oifname "wan" ip saddr {nat.pool[0]} snat ip to {pool[0]}-{pool[-1]} persistent'
    yield from ['oifname "wan" meta nfproto ipv4 masquerade'] * nat.masquerade4
    yield from ['oifname "wan" meta nfproto ipv6 masquerade'] * nat.masquerade6


def nat_lines(nat):
    return ["  chain before {", "    type nat hook prerouting priority dstnat;", *map(indented, destination_lines(nat)), "  }",
            "  chain after {", "    type nat hook postrouting priority srcnat;", *map(indented, source_lines(nat)), "  }"]


def indented(line):
    return f"    {line}"


def ruleset(rule_set):
    """The text for `nft -f`."""
    lines = ["table inet differential {"]
    lines += [f"  counter {rule.name} {{ }}" for rule in rule_set.in_order()]
    lines += limit_lines(rule_set)
    lines += ["  chain services {", "    meta l4proto { tcp, sctp, udplite } drop", "    icmp type timestamp-request drop",
              "    accept", "  }"]
    for chain in ("forward", "input"):
        lines += chain_lines(rule_set, chain)
    if not rule_set.stateful:  # so that fragments are judged by their datagram there, too
        lines += ["  chain whole { type filter hook prerouting priority filter; ct state untracked; }"]
    if rule_set.nat:
        lines += nat_lines(rule_set.nat)
    return "\n".join([*lines, "}", ""])
