# SPDX-License-Identifier: Apache-2.0
"""How long the machine itself holds a processor back: a loop on each core that does nothing but read the clock, and the gaps
between its readings. No figure of latency can be better than that, whatever is measured; and while a gap lasts, a ring of
1024 packets fills at a million packets a second and loses the rest."""

import gc
import multiprocessing
import os
import time

import traffic
from harness import Row

SECONDS, REPEATS = 1.0, 3
GAP_NS, LONG_NS = 20_000, 200_000  # shorter is the loop itself; a ring of 1024 lasts as long at 5 million packets/s
SMOKE = {"SECONDS": 0.05, "REPEATS": 1}


def spin(core, seconds):
    """Nanoseconds of each gap, on one core, and how many seconds it took."""
    os.sched_setaffinity(0, {core})
    gc.disable()
    clock, gaps = time.perf_counter_ns, []
    before = start = clock()
    end = start + int(seconds * 1e9)
    while before < end:
        now = clock()
        if now - before > GAP_NS:
            gaps.append(now - before)
        before = now
    return gaps, (before - start) / 1e9


def measure(seconds=None):
    """Gaps by core: the appliance's and the generator's, at the same time."""
    with multiprocessing.Pool(2) as pool:
        return pool.starmap(spin, [(core, seconds or SECONDS) for core in traffic.cores()])


def rows_of(runs):
    """runs: what measure() gave, each time."""
    for place, whose in enumerate(("appliance's core", "generator's core")):
        spun = [run[place] for run in runs]
        yield Row(f"pauses of the {whose}: longest", [max(gaps, default=0) / 1e3 for gaps, _ in spun], "us")
        yield Row(f"  longer than {LONG_NS / 1e3:.0f} us",
                  [sum(gap > LONG_NS for gap in gaps) / seconds for gaps, seconds in spun], "a second")
        yield Row("  in all", [sum(gaps) / 1e6 / seconds for gaps, seconds in spun], "ms a second")


def rows():
    yield from rows_of([measure() for _ in range(REPEATS)])
