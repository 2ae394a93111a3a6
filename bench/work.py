# SPDX-License-Identifier: Apache-2.0
"""The work that Weir and its peers are compared at: a firewall of RULES rules, source NAT to a pool, ROUTES routes; said in
the words of each.

    hosts of 10.0.0.0/16 ── lan 10.0.0.1 [ the device ] wan 192.0.2.1 ── 192.0.2.254, and behind it 198.18.0.0/15

Each rule is a network on either side, a protocol and a port, and none of them is the traffic's: new flows walk all of them,
and the last rule lets them out. Routes lead to the same next hop, and the traffic's destinations are among them."""

import dataclasses
import ipaddress
import random

import appliance

MACS = appliance.MACS  # the device's
HOST_MAC, GATEWAY_MAC = "02:00:00:00:0a:0a", "02:00:00:00:0b:0b"  # the generator's
LAN, WAN, GATEWAY = "10.0.0.1/16", "192.0.2.1/24", "192.0.2.254"
POOL_PREFIX, POOL = "192.0.2.64/26", ("192.0.2.64", "192.0.2.127")
INSIDE, OUTSIDE = "10.0.0.0/16", "198.18.0.0/15"
HOSTS_INSIDE, HOSTS_OUTSIDE = 200, 50


@dataclasses.dataclass(frozen=True)
class Rule:
    source: str
    destination: str
    port: int


@dataclasses.dataclass(frozen=True)
class Work:
    rules: list
    routes: list  # networks behind GATEWAY

    @property
    def traffic(self):
        """Words of the generator. Flows are opened from the lan, and their answers go where they seemed to come from."""
        return {"a_mac": HOST_MAC, "b_mac": GATEWAY_MAC, "a_gateway": MACS[0], "b_gateway": MACS[1], "a_ip": "10.0.1.1",
                "a_hosts": HOSTS_INSIDE, "b_ip": "198.18.0.1", "b_hosts": HOSTS_OUTSIDE, "b_answer": GATEWAY}


def make(rules=100, routes=10_000, seed=3):
    rng = random.Random(seed)
    networks = {ipaddress.ip_network(OUTSIDE)}
    while len(networks) < routes:
        networks.add(ipaddress.ip_network((rng.randrange(40, 190) << 24 | rng.getrandbits(24), rng.choice([20, 22, 24])),
                                          strict=False))
    return Work([Rule(f"10.128.{rng.randrange(256)}.0/24", f"{rng.randrange(40, 60)}.{rng.randrange(256)}.0.0/16",
                      rng.choice([22, 80, 443, 993])) for _ in range(rules)],
                [str(network) for network in sorted(networks)])


def weir(work):
    """The configuration."""
    return "\n".join([
        "name: bench-work", "flows: 262144", "ports:",
        f'  lan: {{ addresses: [{LAN}], mac: "{MACS[0]}" }}',
        f'  wan: {{ addresses: [{WAN}], mac: "{MACS[1]}", gateway: {GATEWAY} }}',
        "chain: [firewall, nat, router]", "firewall:", "  default: drop", "  rules:",
        "    - { accept: [established, related] }",
        *[f"    - {{ accept: new, from: lan, to: wan, proto: tcp, source: {rule.source}, destination: {rule.destination}, "
          f"port: {rule.port}, name: service-{number} }}" for number, rule in enumerate(work.rules)],
        "    - { accept: new, from: lan, to: wan, name: out }",
        "nat:", f"  source: [{{ out: wan, to: {POOL_PREFIX} }}]",
        "router:", "  routes:", *[f"    - {{ to: {route}, via: {GATEWAY} }}" for route in work.routes]]) + "\n"


def open_vswitch(work):
    """Flows for ovs-ofctl: ports 1 (lan) and 2 (wan). Tables: 0 tracks, 1 judges by state, 2 has the rules, 3 the routes."""
    next_hop = f"set_field:{MACS[1]}->eth_src,set_field:{GATEWAY_MAC}->eth_dst,dec_ttl,output:2"
    back = f"set_field:{MACS[0]}->eth_src,set_field:{HOST_MAC}->eth_dst,dec_ttl,output:1"
    allowed = f"ct(commit,zone=1,nat(src={POOL[0]}-{POOL[1]}:1024-65535),table=3)"
    lines = ["table=0,priority=1,ip,actions=ct(zone=1,nat,table=1)", "table=0,priority=0,actions=drop",
             "table=1,priority=2,ip,ct_state=+trk+est,actions=resubmit(,3)",
             "table=1,priority=2,ip,ct_state=+trk+rel,actions=resubmit(,3)",
             "table=1,priority=1,ip,in_port=1,ct_state=+trk+new,actions=resubmit(,2)", "table=1,priority=0,actions=drop"]
    lines += [f"table=2,priority={1000 - number},tcp,nw_src={rule.source},nw_dst={rule.destination},tp_dst={rule.port},"
              f"actions={allowed}" for number, rule in enumerate(work.rules)]
    lines += [f"table=2,priority=1,ip,in_port=1,actions={allowed}", f"table=3,priority=40,ip,nw_dst={INSIDE},actions={back}"]
    lines += [f"table=3,priority={ipaddress.ip_network(route).prefixlen},ip,nw_dst={route},actions={next_hop}"
              for route in work.routes]
    return "\n".join(lines) + "\n"


def nftables(work):
    """A rule set for nft, of a host with interfaces lan and wan."""
    rules = [f'iifname "lan" oifname "wan" ct state new ip saddr {rule.source} ip daddr {rule.destination} '
             f"tcp dport {rule.port} accept" for rule in work.rules]
    return "\n".join(["table ip work {", "  chain forward { type filter hook forward priority filter; policy drop;",
                      "    ct state established,related accept", *[f"    {rule}" for rule in rules],
                      '    iifname "lan" oifname "wan" ct state new accept', "  }",
                      "  chain postrouting { type nat hook postrouting priority srcnat;",
                      f'    oifname "wan" snat to {POOL[0]}-{POOL[1]}', "  }", "}"]) + "\n"


def ip_batch(work):
    """Routes for `ip -batch`."""
    return "".join(f"route add {route} via {GATEWAY}\n" for route in work.routes)
