# SPDX-License-Identifier: Apache-2.0
"""The same work (bench/work.py) by Weir and by what a person would use instead: between the same rings, with the same
generator, one after the other in each round, so that a ratio compares neighbours in time."""

import appliance
import peers
import plots
import search
import testpmd
import throughput
import traffic
import work as works
from harness import Row, Unavailable

FLOWS, SIZE, SECONDS, REPEATS = 100_000, 64, 1, 3
RULES, ROUTES = 100, 10_000
SMOKE = {"FLOWS": 100, "SECONDS": 0.05, "REPEATS": 1, "RULES": 5, "ROUTES": 10}
MEMORY_MIB = 192
OF_LINK, OF_SWITCH, OF_KERNEL, BUSY_CYCLES = 0.95, 3, 10, 250
LINK, WEIR, SWITCH, KERNEL = "testpmd macswap", "Weir", "Open vSwitch", "kernel, nftables"


def measure(device, image, work):
    """Packets a second that came back; of Weir also what it counted meanwhile."""
    core = traffic.cores()[0]
    with traffic.Generator(**work.traffic) as generator:
        contexts = {LINK: lambda: testpmd.Testpmd(generator.sockets, "macswap", core),
                    WEIR: lambda: throughput.between(generator, image, memory_mib=MEMORY_MIB),
                    SWITCH: lambda: peers.open_vswitch(generator.sockets, core, work),
                    KERNEL: lambda: peers.kernel(generator.sockets, core, work)}
        with contexts[device]() as running:
            throughput.warm(generator)
            words = {"size": SIZE, "direction": "both", "flows": FLOWS if device != LINK else 1}
            generator.trial(rate=10_000, packets=64, **words)  # opens the flows, so that below all are established
            before = running.counters() if device == WEIR else {}
            result = generator.trial(rate=0, seconds=SECONDS, **words)
            after = running.counters() if device == WEIR else {}
    if search.loss_of(result) > 0.5:
        raise Unavailable(f"{result['lost']:,} of {result['offered']:,} packets did not come back")
    return result, {name: after[name] - before[name] for name in after}


def inside_rows(counted):
    """What Weir's own counters say of each round."""
    yield Row("  busy cycles a packet", [one["busy_cycles"] / one["received"] for one in counted], "cycles", at_most=BUSY_CYCLES)
    yield Row("  packets of a burst", [one["received"] / (one["polls"] - one["empty_polls"]) for one in counted], "")
    yield Row("  notifications", [one["notifications"] for one in counted], "")


def rows():
    work = works.make(RULES, ROUTES)
    image = appliance.build("work", works.weir(work))
    rates, counted, missing, limited = {LINK: [], WEIR: [], SWITCH: [], KERNEL: []}, [], {}, set()
    for _ in range(REPEATS):
        for device in rates:
            if device in missing:
                continue
            try:
                result, counters = measure(device, image, work)
            except Unavailable as why:
                missing[device] = why
                continue
            rates[device].append(result["received_pps"] / 1e6)
            counted += [counters] if device == WEIR else []
            if result["generator"]["limit"]:
                limited.add(device)
    for device, samples in rates.items():
        name = f"{device}, {SIZE} bytes, {FLOWS:,} flows" if device != LINK else f"{device}, {SIZE} bytes"
        if device in missing:
            yield Row.skipped(name, missing[device])
            continue
        yield Row(name, samples, "Mpps" + (" (generator's limit)" if device in limited else ""))
        if device == WEIR:
            yield from inside_rows(counted)
    for device, target in ((LINK, OF_LINK), (SWITCH, OF_SWITCH), (KERNEL, OF_KERNEL)):
        if device not in missing and WEIR not in missing:
            yield Row(f"  Weir / {device}", [ours / theirs for ours, theirs in zip(rates[WEIR], rates[device])], "times",
                      at_least=target)
    try:
        plots.bars("compare", f"{SIZE}-byte packets, {FLOWS:,} flows, {RULES} rules, NAT, {ROUTES:,} routes (testpmd: none of it)",
                   "million packets/s, one core", {device: samples for device, samples in rates.items() if samples})
    except Unavailable as why:
        yield Row.skipped("peers, plotted", why)
