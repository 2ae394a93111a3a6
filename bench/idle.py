# SPDX-License-Identifier: Apache-2.0
"""Idle: the host CPU that an appliance takes when no packet comes, as a share of one processor."""

import os
import time

import appliance
import machine
from harness import Row

SETTLE_SECONDS, SECONDS, RUNS = 3, 4, 3
AT_MOST_PERCENT = 1.0
TICKS = os.sysconf("SC_CLK_TCK")


def cpu_seconds(pid):
    """User and system time of all its threads: proc(5), fields 14 and 15 of stat."""
    with open(f"/proc/{pid}/stat", encoding="ascii") as stat:
        fields = stat.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


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
