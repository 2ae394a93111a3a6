# SPDX-License-Identifier: Apache-2.0
"""The chain alone: cycles a packet, as a process and in a VM.

Builds an appliance of 100 rules and 10,000 routes with bench/chain.c in place of its ports, and runs the one ELF in
both worlds. Its numbers are the TSC's; bench/chain.c says what is measured and how.
"""

import ipaddress
import random

import inside
import machine
from harness import Row, Unavailable

RULES, ROUTES = 100, 10000
TARGET_CYCLES = 120
TARGET_RATIO = 1.05
RUNS = 5
GATEWAYS = 3
SERVICES = [22, 25, 53, 80, 123, 443, 853, 993, 3306, 5432, 8080]
SMOKE = {"RUNS": 1, "RULES": 10, "ROUTES": 100}
STAGES = ["input", "lookup", "firewall", "forward"]


def ports_yaml():
    yield '  lan: { addresses: [10.0.0.1/8], mac: "02:00:00:00:00:01" }'
    for wan in range(GATEWAYS):
        yield (
            f'  wan{wan}: {{ addresses: [192.0.2.{wan * 4 + 1}/30], mac: "02:00:00:00:01:0{wan}", '
            f'neighbours: {{ 192.0.2.{wan * 4 + 2}: "02:00:00:00:02:0{wan}" }} }}'
        )


def rule_yaml(number, rng):
    """Rules as people have them: from a network of the inside to a larger one outside, for a few services."""
    action = "drop" if number % 5 == 4 else "accept"
    source = ipaddress.ip_network((0x0A000000 | rng.getrandbits(24), rng.choice([16, 20, 24])), strict=False)
    place = rng.randrange(20, 60) << 24 | rng.getrandbits(24)
    outside = ipaddress.ip_network((place, rng.choice([8, 8, 10, 12])), strict=False)
    low = rng.choice(SERVICES)
    port = f"{low}-{low + rng.randrange(1, 1000)}" if number % 7 == 0 else str(low)
    return (
        f"    - {{ {action}: any, from: lan, proto: {rng.choice(['tcp', 'udp'])}, source: {source}, "
        f"destination: {outside}, port: {port}, name: rule-{number} }}"
    )


def routes_yaml(rng):
    """Distinct prefixes, lengths as in a routing table of the Internet: most are /24."""
    seen = set()
    while len(seen) < ROUTES:
        length = rng.choice([16, 18, 19, 20, 21, 22, 22, 23, 24, 24, 24, 24, 24])
        seen.add(ipaddress.ip_network((rng.randrange(20, 60) << 24 | rng.getrandbits(24), length), strict=False))
    for network in sorted(seen):
        yield f"    - {{ to: {network}, via: 192.0.2.{rng.randrange(GATEWAYS) * 4 + 2} }}"


def configuration():
    rng = random.Random(2)
    lines = ["name: bench-chain", "memory: 128M", "ports:", *ports_yaml(), "chain: [firewall, router]", "firewall:",
             "  default: drop", "  rules:"]
    lines += [rule_yaml(number, rng) for number in range(RULES)]
    lines += ["router:", "  routes:", *routes_yaml(rng)]
    return "\n".join(lines) + "\n"


def rows():
    image = inside.build("chain", configuration())
    process = [inside.run_process(image) for _ in range(RUNS)]
    yield Row("chain, process", [run["chain"][0] for run in process], "cycles/packet", at_most=TARGET_CYCLES)
    for stage in STAGES + ["refill"]:
        yield Row(f"  {stage}", [run[stage][0] for run in process], "cycles/packet")
    yield Row("  rules hit", [process[0]["rules"][0]], f"of {RULES + 1}")
    try:
        pairs = [(inside.run_process(image), inside.run_vm(image)) for _ in range(RUNS)]
    except Unavailable as why:
        yield Row.skipped("chain, VM", why)
        return
    accelerator = machine.accelerator()
    yield Row(f"chain, VM ({accelerator})", [vm["chain"][0] for _, vm in pairs], "cycles/packet",
              at_most=TARGET_CYCLES if accelerator == "kvm" else None)
    for stage in STAGES:
        yield Row(f"  {stage}", [vm[stage][0] for _, vm in pairs], "cycles/packet")
    ratios = [vm["chain"][0] / process_["chain"][0] for process_, vm in pairs]
    yield Row("  VM / process, pairs", ratios, "times", at_most=TARGET_RATIO if accelerator == "kvm" else None)
