# SPDX-License-Identifier: Apache-2.0
"""A rule set that belongs to nobody: made at random, and written as Weir's YAML (weir.py) or as nftables' language
(nft.py)."""

import dataclasses
import ipaddress

import network
import wire

ACCEPT, DROP, REJECT, COUNT, LOG, LIMIT = "accept", "drop", "reject", "count", "log", "limit"
STATES = ("new", "established", "related", "invalid")
SELF = "self"


@dataclasses.dataclass
class Rule:
    name: str
    action: str
    states: tuple = ()  # (): any but invalid
    come: tuple = ()  # ports of arrival
    go: tuple = ()  # ports of departure, SELF among them
    protocols: tuple = ()
    sources: tuple = ()  # networks of one family
    destinations: tuple = ()
    source_set: str = ""
    destination_set: str = ""
    ports: tuple = ()  # (low, high)
    source_ports: tuple = ()
    icmp: tuple = ()  # (type, code); code None: any
    icmp6: tuple = ()
    flags: tuple = ()  # (bit, set or not)
    dscps: tuple = ()
    log: bool = False
    burst: int = 0  # packets that it lets through, and no more for an hour

    def is_unconditional(self):
        plain = dataclasses.replace(self, name="", action="", log=False)
        return self.action in (ACCEPT, DROP, REJECT) and plain == Rule("", "")


@dataclasses.dataclass
class Forward:
    """Port forwarding, from any address of the WAN's."""

    protocol: int
    listen: tuple
    to: str
    to_port: int


@dataclasses.dataclass
class Nat:
    masquerade4: bool = False
    masquerade6: bool = False
    forwards: tuple = ()
    static: tuple = ()  # (external network, internal network)
    pool: tuple = ()  # (source network, external network)
    keep: tuple = ()  # networks that are not translated


@dataclasses.dataclass
class RuleSet:
    default: str
    rules: list
    sets: dict
    stateful: bool
    nat: Nat = None

    def in_order(self):
        """All rules, with those that Weir adds: ICMP errors about what was accepted, where no rule speaks of them."""
        rules = list(self.rules)
        named = set(state for rule in rules for state in rule.states)
        if named and "related" not in named and self.default != ACCEPT:
            at = next((at for at, rule in enumerate(rules) if rule.is_unconditional()), len(rules))
            rules.insert(at, Rule("icmp-errors", ACCEPT, ("related",)))
        return rules + [Rule("default", self.default)]

    @property
    def judges_invalid(self):
        return any("invalid" in rule.states for rule in self.rules)


SERVICES = (22, 53, 80, 123, 443, 2000, 5060, 8080)
ADDRESSES4 = [host for port in network.PORTS for host in port.hosts4()] + list(network.FAR4 + network.BEHIND4)
ADDRESSES6 = [host for port in network.PORTS for host in port.hosts6()] + list(network.FAR6 + network.BEHIND6)
OWN4, OWN6 = [port.own4 for port in network.PORTS], [port.own6 for port in network.PORTS]
ICMP_TYPES = ((8, None), (0, None), (3, None), (3, 4), (3, 3), (11, None), (13, None), (5, None))
ICMP6_TYPES = ((128, None), (129, None), (1, None), (2, None), (3, 0), (4, None))
DSCPS = (0, 46, 10, 63)
PROTOCOLS = (wire.TCP, wire.UDP, wire.ICMP, wire.ICMP6, wire.SCTP, wire.ESP, wire.GRE, wire.OSPF)
PROTOCOL_WEIGHTS = (10, 8, 4, 4, 2, 1, 1, 1)


class Maker:
    """Makes rule sets. Everything it chooses comes from `random`."""

    def __init__(self, random):
        self.random = random

    def chance(self, probability):
        return self.random.random() < probability

    def some(self, items, most):
        count = min(self.random.randint(1, most), len(items))
        return tuple(self.random.sample(list(items), count))

    def prefix(self, ipv6):
        """A network around an address that traffic has."""
        pool = (ADDRESSES6 + OWN6) if ipv6 else (ADDRESSES4 + OWN4)
        address = self.random.choice(pool)
        length = self.random.choice((128, 128, 126, 64, 64, 48, 45, 32) if ipv6 else (32, 32, 31, 29, 25, 24, 24, 20, 16, 8))
        return str(ipaddress.ip_network(f"{address}/{length}", strict=False))

    def prefixes(self, ipv6, most):
        found = [ipaddress.ip_network(self.prefix(ipv6)) for _ in range(self.random.randint(1, most))]
        return tuple(str(net) for net in ipaddress.collapse_addresses(found))

    def ranges(self):
        found = set()
        for _ in range(self.random.randint(1, 3)):
            low = self.random.choice(SERVICES + (0, 1024, self.random.randint(1, 65000)))
            high = low if self.chance(0.5) else min(65535, low + self.random.choice((0, 1, 7, 1000, 60000)))
            if all(high < other[0] or low > other[1] for other in found):
                found.add((low, high))
        return tuple(sorted(found))

    def protocols(self):
        if self.chance(0.7):
            return tuple(self.random.choices(PROTOCOLS, PROTOCOL_WEIGHTS))
        return tuple(dict.fromkeys(self.random.choices(PROTOCOLS, PROTOCOL_WEIGHTS, k=self.random.randint(2, 3))))

    def states(self, action):
        """No rule accepts what is invalid: from then on nobody could say what becomes of such a connection."""
        if self.chance(0.25):
            return ()
        if self.chance(0.55):
            return ("new",)
        return self.some(STATES[:3] if action == ACCEPT else STATES, 3)

    def places(self, rule):
        if self.chance(0.5):
            rule.come = self.some([port.name for port in network.PORTS], 2)
        if self.chance(0.5):
            rule.go = self.some([port.name for port in network.PORTS] + [SELF], 2)

    def transport(self, rule):
        with_ports = all(protocol in (wire.TCP, wire.UDP, wire.SCTP) for protocol in rule.protocols)
        if with_ports and self.chance(0.6):
            rule.ports = self.ranges()
        if with_ports and self.chance(0.15):
            rule.source_ports = self.ranges()
        if wire.ICMP in rule.protocols and self.chance(0.5):
            rule.icmp = self.types(ICMP_TYPES)
        if wire.ICMP6 in rule.protocols and (rule.icmp or self.chance(0.5)):
            rule.icmp6 = self.types(ICMP6_TYPES)
        if rule.protocols == (wire.TCP,) and self.chance(0.25):
            bits = self.some((wire.SYN, wire.ACK, wire.FIN, wire.RST, wire.PSH, wire.URG), 3)
            rule.flags = tuple((bit, self.chance(0.6)) for bit in bits)

    def types(self, pool):
        chosen = self.some(pool, 3)
        return tuple(one for one in chosen if one[1] is None or (one[0], None) not in chosen)

    def addresses(self, rule, sets):
        only4, only6 = wire.ICMP in rule.protocols, wire.ICMP6 in rule.protocols
        if only4 and only6:
            return
        ipv6 = only6 or (not only4 and self.chance(0.4))
        if self.chance(0.3):
            rule.sources = self.prefixes(ipv6, 3)
        elif sets and self.chance(0.15):
            rule.source_set = self.random.choice(list(sets))
        if self.chance(0.35):
            rule.destinations = self.prefixes(ipv6, 3)
        elif sets and self.chance(0.15):
            rule.destination_set = self.random.choice(list(sets))

    def action(self):
        return self.random.choices((ACCEPT, DROP, REJECT, COUNT, LOG, LIMIT), (55, 16, 12, 8, 3, 3))[0]

    def conditions(self, rule, sets):
        self.places(rule)
        if self.chance(0.75):
            rule.protocols = self.protocols()
            self.transport(rule)
        self.addresses(rule, sets)
        return sum(map(bool, (rule.come, rule.go, rule.protocols, rule.ports, rule.sources, rule.destinations)))

    def rule(self, number, sets, stateful):
        """Few rules are so wide that those after them hardly matter."""
        least = 0 if self.chance(0.1) else 2
        while True:
            rule = Rule(f"r{number}", self.action())
            if self.conditions(rule, sets) >= least:
                break
        if stateful:
            rule.states = self.states(rule.action)
        if self.chance(0.08):
            rule.dscps = self.some(DSCPS, 2)
        if rule.action == LIMIT or (rule.action == ACCEPT and self.chance(0.05)):
            rule.burst = self.random.randint(1, 12)
        rule.log = rule.action != LOG and self.chance(0.05)
        return rule

    def sets(self):
        made = {}
        for name in self.some(("office", "blocked", "servers"), 3):
            networks = list(self.prefixes(False, 4))
            made[name] = networks + (list(self.prefixes(True, 3)) if self.chance(0.7) else [])
        return made

    def nat(self):
        made = Nat(masquerade4=self.chance(0.8), masquerade6=self.chance(0.4))
        if self.chance(0.7):
            made.forwards = (Forward(wire.TCP, (8443, 8443), "10.0.0.10", 443),
                             Forward(wire.UDP, (5000, 5010), "172.16.0.11", 6000))
        if self.chance(0.4):
            made.static = (("203.0.113.192/30", "172.16.0.12/30"),)
        if self.chance(0.3):
            made.pool = ("10.0.0.12/31", "203.0.113.224/29")
        if self.chance(0.3):
            made.keep = ("198.51.100.80/32",)
        if not (made.masquerade4 or made.masquerade6 or made.forwards or made.static or made.pool):
            made.masquerade4 = True
        return made

    def rule_set(self, stateful, nat):
        sets = self.sets() if self.chance(0.6) else {}
        rules = [self.rule(number, sets, stateful) for number in range(self.random.randint(3, 24))]
        if stateful and self.chance(0.8):
            rules.insert(0, Rule("replies", ACCEPT, ("established", "related")))
        if not stateful and self.chance(0.3):
            rules.append(Rule("rest", ACCEPT))
        if stateful and not any(rule.states for rule in rules):
            rules.append(Rule("begin", ACCEPT, ("new",), come=("lan",)))
        default = self.random.choices((DROP, ACCEPT, REJECT), (6, 2, 2))[0]
        if default == ACCEPT and any("invalid" in rule.states for rule in rules):
            rules.append(Rule("the-rest", DROP, ("invalid",)))
        used = {name for rule in rules for name in (rule.source_set, rule.destination_set)}
        sets = {name: networks for name, networks in sets.items() if name in used}
        return RuleSet(default, rules, sets, stateful, self.nat() if nat else None)
