# SPDX-License-Identifier: Apache-2.0
"""The same work (bench/work.py) by Weir and by what a person would use instead: between the same rings, with the same
generator, one after the other in each round, so that a ratio compares neighbours in time. By size of frame as RFC 2544, 9.1,
has them, and a mix; offered is as much as each takes."""

import appliance
import devices
import plots
import search
import throughput
import work as works
from devices import IO, KERNEL, LINK, SWITCH, WEIR
from harness import Row, Unavailable, median

FLOWS, SECONDS, REPEATS = 100_000, 0.25, 3
RULES, ROUTES = 100, 10_000
SMALLEST = "64 bytes"  # what targets are for
SIZES = {SMALLEST: 64} | {f"{size} bytes": size for size in (128, 256, 512, 1024, 1280, 1518)} | {"IMIX": "imix"}
OF_LINK, OF_SWITCH, OF_KERNEL, BUSY_CYCLES = 0.95, 3, 10, 250
SMOKE = {"FLOWS": 100, "SECONDS": 0.02, "REPEATS": 1, "RULES": 5, "ROUTES": 10, "SIZES": {SMALLEST: 64, "IMIX": "imix"}}
LOSS_MAX = 0.5  # more is no forwarding


def measure(device, image, work):
    """By size: a result, and what Weir counted meanwhile."""
    measured = {}
    with devices.running(device, image, work, FLOWS) as (generator, it):
        for name, size in SIZES.items():
            result, counted = throughput.counted(it if device == WEIR else None,
                                                 lambda: generator.trial(rate=0, seconds=SECONDS, size=size))
            if search.loss_of(result) > LOSS_MAX:
                raise Unavailable(f"{result['lost']:,} of {result['offered']:,} packets did not come back")
            measured[name] = result, counted
    return measured


def rates(runs, size):
    return throughput.forwarded([run[size][0] for run in runs])


def row(device, runs, size):
    flows = f", {FLOWS:,} flows" if size == SMALLEST and device not in devices.WORKLESS else ""
    limited = any(run[size][0]["generator"]["limit"] for run in runs)
    return Row(f"{device}, {size}{flows}", rates(runs, size), "Mpps" + (" (generator's limit)" if limited else ""))


def size_rows(given, size):
    for device, runs in given.items():
        yield row(device, runs, size)
        if device == WEIR:
            yield from throughput.inside_rows([run[size][1] for run in runs], BUSY_CYCLES if size == SMALLEST else None)


def ratio_rows(given):
    for device, target in ((IO, None), (LINK, OF_LINK), (SWITCH, OF_SWITCH), (KERNEL, OF_KERNEL)):
        if device in given and WEIR in given:
            pairs = zip(rates(given[WEIR], SMALLEST), rates(given[device], SMALLEST))
            yield Row(f"  Weir / {device}, {SMALLEST}", [ours / theirs for ours, theirs in pairs], "times", at_least=target)


def spread_of(samples):
    return median(samples), min(samples), max(samples)


def plot(given):
    work = f"{FLOWS:,} flows, {RULES} rules, NAT, {ROUTES:,} routes (testpmd: none of it)"
    plots.bars("compare", f"{SMALLEST} a packet, {work}", "million packets/s, one core",
               {device: rates(runs, SMALLEST) for device, runs in given.items()})
    lines = {device: (devices.colour(device), [spread_of(rates(runs, size)) for size in SIZES])
             for device, runs in given.items()}
    plots.by_size("sizes", f"By packet size: {work}", "million packets/s, one core",
                  [size.removesuffix(" bytes") for size in SIZES], lines)


def rows():
    work = works.make(RULES, ROUTES)
    image = appliance.build("work", works.weir(work))
    given, missing = devices.in_turn(devices.ALL, REPEATS, lambda device: measure(device, image, work))
    for device, why in missing.items():
        yield Row.skipped(device, why)
    for size in SIZES:
        yield from size_rows(given, size)
        if size == SMALLEST:
            yield from ratio_rows(given)
    try:
        if given:
            plot(given)
    except Unavailable as why:
        yield Row.skipped("peers, plotted", why)
