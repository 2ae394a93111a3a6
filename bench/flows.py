# SPDX-License-Identifier: Apache-2.0
"""Established flows, new ones, and a SYN flood: firewall, NAT and router, measured by bench/flows.c in an image.

The growth rows change one thing each, in the same run: the number of flows, of rules, of routes. Their figures also go to
build/bench/growth.{svg,png}.
"""

import ipaddress
import random

import inside
import machine
import plots
from harness import Row, Unavailable

FLOWS, MILLION, CAPACITY = 100_000, 1_000_000, 1_050_000
IN_FLIGHT, EXTERNAL_BYTES = 512, 8  # of bench/bed.h, flows.c: it opens so many at once, and notes so much about each
RULES, ROUTES = 100, 10_000
TARGET_CYCLES, TARGET_GROWTH, TARGET_CONNECTIONS, TARGET_MB = 200, 1.5, 1_000_000, 256
RUNS, CONNECTIONS = 3, 500_000
FLOOD_RUNS, FLOOD_SECONDS, FLOOD_RATE = 2, 10, 1_000_000
GROWTH = {"flows": [1_000, 10_000, 100_000, 1_000_000], "rules": [10, 100, 10_000], "routes": [10, 100_000, 1_000_000]}
SMOKE = {"RUNS": 1, "FLOOD_RUNS": 1, "FLOWS": 1024, "CAPACITY": 4096, "MILLION": 4096, "CONNECTIONS": 1024, "FLOOD_SECONDS": 1,
         "FLOOD_RATE": 10_000, "RULES": 5, "ROUTES": 10, "GROWTH": {"flows": [512, 1024]}}


def rule_yaml(number, rng):
    """New connections from a network inside to some service outside: none is the bench's, so that all are walked."""
    inside_network = ipaddress.ip_network((0x0A800000 | rng.getrandbits(23), rng.choice([20, 24, 28])), strict=False)
    outside = ipaddress.ip_network((rng.randrange(40, 60) << 24 | rng.getrandbits(24), 16), strict=False)
    return (f"    - {{ accept: new, from: lan, to: wan, proto: tcp, source: {inside_network}, destination: {outside}, "
            f"port: {rng.choice([22, 80, 443, 993])}, name: service-{number} }}")


def routes_yaml(count, rng):
    seen = set()
    while len(seen) < count:
        seen.add(ipaddress.ip_network((rng.randrange(40, 200) << 24 | rng.getrandbits(24), rng.choice([20, 22, 24])),
                                      strict=False))
    return [f"    - {{ to: {network}, via: 192.0.2.254 }}" for network in sorted(seen)]


def configuration(capacity, rules, routes):
    rng = random.Random(3)
    return "\n".join([
        "name: bench-flows", f"flows: {capacity}", "ports:",
        '  lan: { addresses: [10.255.0.1/24], mac: "02:00:00:00:00:01", neighbours: { 10.255.0.2: "02:00:00:00:02:01" } }',
        '  wan: { addresses: [192.0.2.1/24], mac: "02:00:00:00:00:02", gateway: 192.0.2.254, '
        'neighbours: { 192.0.2.254: "02:00:00:00:02:02" } }',
        "chain: [firewall, nat, router]", "firewall:", "  default: drop", "  rules:",
        "    - { accept: [established, related] }",
        *[rule_yaml(number, rng) for number in range(rules)],
        "    - { accept: new, from: lan, to: wan, name: out }",
        "    - { accept: new, from: wan, to: lan, proto: tcp, port: 80, name: server }",
        "nat:", "  source: [{ out: wan, source: 10.0.0.0/8, to: 192.0.2.64/26 }]",
        "router:", "  routes:", "    - { to: 10.0.0.0/9, via: 10.255.0.2 }", *routes_yaml(routes, rng)]) + "\n"


def image_of(capacity=None, rules=None, routes=None):
    sizes = capacity or CAPACITY, rules or RULES, routes or ROUTES
    return inside.build("flows", configuration(*sizes), "flows-{}-{}-{}".format(*sizes))


def established(image, flows, vm=False):
    run = inside.run_vm if vm else inside.run_process
    return run(image, f"flows={flows} seed=0", **({"memory_mib": 512} if vm else {}))["established"][0]


def growth(name, sized):
    """Rows of one growing number, each as a multiple of the smallest; pairs in turn, so that both see the same noise.
    sized: from a number to an image, and how many flows it has."""
    smallest, *larger = GROWTH[name]
    first, flows = sized(smallest)
    for size in larger:
        image, size_flows = sized(size)
        pairs = [(established(first, flows), established(image, size_flows)) for _ in range(RUNS)]
        yield size, pairs


def growth_rows(plotted):
    """Fills plotted[name] with (size, cycles)."""
    kinds = {"flows": lambda size: (image_of(), size), "rules": lambda size: (image_of(capacity=4096, rules=size), 1000),
             "routes": lambda size: (image_of(capacity=4096, routes=size), 1000)}
    for name in GROWTH:
        points = plotted.setdefault(name, [])
        try:
            for size, pairs in growth(name, kinds[name]):
                if not points:
                    points.append((GROWTH[name][0], sorted(small for small, _ in pairs)[RUNS // 2]))
                points.append((size, sorted(large for _, large in pairs)[RUNS // 2]))
                yield Row(f"  {size:,} {name} / {GROWTH[name][0]:,}", [large / small for small, large in pairs], "times",
                          at_most=TARGET_GROWTH)
        except Unavailable as why:
            yield Row.skipped(f"  more {name}", why)


PLOT = """
set yrange [0:*]
set logscale x
set format x "10^{{%T}}"
set key bottom right
set xlabel "flows, rules or routes"
set ylabel "cycles a packet, 64 bytes, established"
plot {curves}
"""


def plot(plotted):
    curves = [f'"{plots.data(f"growth-{name}", points)}" using 1:2 with linespoints linewidth 2 pointtype 7 title "{name}"'
              for name, points in plotted.items()]
    plots.draw("growth", "What an established packet costs, as a configuration grows", PLOT.format(curves=", ".join(curves)))


def flood_rows(image, vm):
    """What Weir drops, and what the machine's pauses cost: a ring of 1024 packets lasts for 0.9 ms."""
    words = f"flows=1024 rounds=0 flood={FLOOD_SECONDS} rate={FLOOD_RATE} seed=0"
    run = inside.run_vm if vm else inside.run_process
    runs = [run(image, words, **({"memory_mib": 512} if vm else {})) for _ in range(FLOOD_RUNS)]
    packets, where = runs[0]["flood_packets"][0], "VM" if vm else "process"

    def samples(name, scale=1):
        return [run[name][0] * scale for run in runs]

    yield Row(f"SYN flood, {where}: packets dropped", samples("flood_dropped"), f"of {packets:,.0f}", at_most=0)
    yield Row("  lost before, in a ring of 1024", samples("flood_lost"), "packets", at_most=0)
    yield Row("  longest without a look at it", samples("flood_longest_us"), "us")
    yield Row("  longest pause of an idle loop", samples("pause_us"), "us")
    yield Row("  SYNs taken", samples("flood_syns", 1 / FLOOD_SECONDS / 1e6), "million/s")


def connection_rows(image, vm):
    runs = []
    for _ in range(RUNS):
        words = f"flows=1024 rounds=0 connections={CONNECTIONS} seed=0"
        runs.append(inside.run_vm(image, words, memory_mib=512) if vm else inside.run_process(image, words))
    yield Row(f"new connections, {'VM' if vm else 'process'}", [run["tsc_hz"][0] / run["connection"][0] for run in runs],
              "a second", at_least=TARGET_CONNECTIONS)


def memory_rows():
    """A full table, and the same appliance with hardly one: what that takes, less the bench's own notes."""
    flows, few = MILLION // IN_FLIGHT * IN_FLIGHT, 1024
    images = image_of(capacity=MILLION), image_of(capacity=4096)
    full, hardly = (inside.resident_mb(image, f"flows={number} rounds=0 seed=0")
                    for image, number in zip(images, (flows, few)))
    yield Row(f"memory of {flows:,} flows", [full - hardly - (flows - few) * EXTERNAL_BYTES / 1e6], "MB", at_most=TARGET_MB)


def rows():
    image = image_of()
    worlds = [False] + ([True] if machine.accelerator() == "kvm" else [])
    for vm in worlds:
        samples = [established(image, FLOWS, vm) for _ in range(RUNS)]
        yield Row(f"{FLOWS:,} flows, {'VM' if vm else 'process'}", samples, "cycles/packet", at_most=TARGET_CYCLES)
    for vm in worlds:
        yield from connection_rows(image, vm)
        yield from flood_rows(image, vm)
    yield from memory_rows()
    plotted = {}
    yield from growth_rows(plotted)
    try:
        plot(plotted)
    except Unavailable as why:
        yield Row.skipped("growth, plotted", why)
