# SPDX-License-Identifier: Apache-2.0
"""Idle: the host CPU that an appliance takes when no packet comes, as a share of one processor."""

import pathlib
import time

import appliance
import machine
from harness import Row

SETTLE_SECONDS, SECONDS, RUNS = 3, 4, 3
AT_MOST_PERCENT = 0.2
SMOKE = {"SETTLE_SECONDS": 0.2, "SECONDS": 0.2, "RUNS": 1}


def cpu_seconds(pid):
    """Time of all its threads on a processor: nanoseconds, the first field of schedstat (Linux, sched-stats)."""
    threads = pathlib.Path(f"/proc/{pid}/task").iterdir()
    return sum(int((thread / "schedstat").read_text().split()[0]) for thread in threads) / 1e9


def rows():
    image = appliance.build()
    samples = []
    with machine.Machine(image, cards=appliance.idle_cards()) as vm:
        vm.wait_state(machine.READY, 60)
        time.sleep(SETTLE_SECONDS)
        for _ in range(RUNS):
            before, start = cpu_seconds(vm.process.pid), time.monotonic()
            time.sleep(SECONDS)
            spent = cpu_seconds(vm.process.pid) - before
            samples.append(100 * spent / (time.monotonic() - start))
    yield Row(f"idle appliance, {machine.accelerator()}", samples, "% of a CPU", at_most=AT_MOST_PERCENT)
