# SPDX-License-Identifier: Apache-2.0
"""The work of bench/work.py at growing load, by Weir and its peers in turn: RFC 2544's throughput (26.1), latency (26.2), loss
against offered load (26.3) and bursts back to back (26.4), in the smallest packets. search.py says which rates are looked for.

Figures go to build/bench/latency.{svg,png} and loss.{svg,png}. The same machine's own pauses are measured in each round."""

import appliance
import devices
import pauses
import plots
import search
import throughput
import work as works
from harness import Row, Unavailable, median

FLOWS, SIZE, SECONDS, REPEATS = 10_000, 64, 0.2, 3
RULES, ROUTES = 100, 10_000  # as in compare.py: the same image
DEVICES = (devices.LINK, devices.WEIR, devices.SWITCH, devices.KERNEL)
TOLERANCES = (0.005, 0.001, 0.0)
SHARES = (0.1, 0.3, 0.5, 0.7, 0.8, 0.9, 1.0, 1.1, 1.3)  # of the rate with the largest tolerance
TOLD = (0.1, 0.5, 0.9)  # as rows of latency; the others are in the plots
BURST_MAX = 1 << 16
PAUSE_SECONDS = 0.5
SMOKE = {"FLOWS": 100, "SECONDS": 0.02, "REPEATS": 1, "RULES": 5, "ROUTES": 10, "SHARES": (0.1, 0.5, 0.9, 1.1),
         "BURST_MAX": 512, "PAUSE_SECONDS": 0.05, "TOLERANCES": (0.9, 0.0), "DEVICES": (devices.LINK, devices.WEIR)}
LOSS_FLOOR = 1e-6  # drawn for none, on a logarithmic axis
PLOTTED = {"p50": "lines", "p99": "dashed"}


def measure(device, image, work):
    """One round: what was found, and the longest burst."""
    with devices.running(device, image, work, FLOWS) as (generator, _):
        def burst(length):
            return generator.trial(rate=0, wait=0, packets=length, size=SIZE)

        found = throughput.find(generator, TOLERANCES, SHARES, SECONDS, size=SIZE)
        return found, search.back_to_back(burst, BURST_MAX)


def loss_rows(rounds):
    for share in SHARES:
        losses = [100 * search.loss_of(one.swept[share]) for one in throughput.with_rate(rounds)]
        if losses:
            yield Row(f"    offered {share:.0%} of it: lost", losses, "%")


def device_rows(device, runs):
    rounds, bursts = [found for found, _ in runs], [burst for _, burst in runs]
    yield Row(f"{device}, longest burst without loss", bursts,
              f"packets{' (all tried)' if min(bursts) == BURST_MAX else ''}")
    yield from throughput.found_rows(rounds, TOLD)
    yield from loss_rows(rounds)


def points(runs, value):
    """(offered Mpps, value(result)) by share, medians; offered is what went out, not what was asked for."""
    found = []
    for share in SHARES:
        results = [one.swept[share] for one, _ in runs]
        offered = median([result["offered"] / result["seconds"] / 1e6 for result in results])
        found.append((offered, median([value(result) for result in results])))
    return found


def plot(given):
    what = f"{SIZE}-byte packets, {FLOWS:,} flows, NAT (testpmd: none); medians of {REPEATS}"
    latencies = {f"{device}, {quantile}": (devices.colour(device), style,
                                           points(runs, lambda result: result["latency_ns"][quantile] / 1e3))
                 for device, runs in given.items() for quantile, style in PLOTTED.items()}
    plots.curves("latency", f"Latency against load: {what}", "offered, million packets/s", "latency, microseconds", latencies,
                 "set logscale xy")
    losses = {device: (devices.colour(device), "lines",
                       [(offered, 100 * max(loss, LOSS_FLOOR)) for offered, loss in points(runs, search.loss_of)])
              for device, runs in given.items()}
    plots.curves("loss", f"Loss against load: {what}", "offered, million packets/s", "packets lost", losses, plots.LOSS_AXIS)


def rows():
    work = works.make(RULES, ROUTES)
    image = appliance.build("work", works.weir(work))
    gaps = []

    def round_of(device):
        if device == DEVICES[0]:
            gaps.append(pauses.measure(PAUSE_SECONDS))
        return measure(device, image, work)

    given, missing = devices.in_turn(DEVICES, REPEATS, round_of)
    yield from pauses.rows_of(gaps)
    for device in DEVICES:
        if device in missing:
            yield Row.skipped(device, missing[device])
        else:
            yield from device_rows(device, given[device])
    try:
        if given:
            plot(given)
    except Unavailable as why:
        yield Row.skipped("load, plotted", why)
