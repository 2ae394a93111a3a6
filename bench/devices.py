# SPDX-License-Identifier: Apache-2.0
"""What is compared: Weir and its peers by name, each between the generator's sides, doing the same work (work.py; testpmd does
none of it: it is what the rings and the generator can do). They take turns, as all of them have the same core."""

import contextlib
import os
import time

import harness
import peers
import testpmd
import throughput
import traffic
import work as works
from harness import Unavailable

IO, LINK, WEIR, SWITCH, KERNEL = "testpmd io", "testpmd macswap", "Weir", "Open vSwitch", "kernel, nftables"
ALL = (IO, LINK, WEIR, SWITCH, KERNEL)
WORKLESS = (IO, LINK)
MEMORY_MIB = 192
REST_SECONDS = 1  # Weir gives a large flow table its memory bit by bit in its first second (nf/flow/flow_records.c)
SMOKE = {"REST_SECONDS": 0}


def colour(device):
    """Its number in every plot."""
    return ALL.index(device) + 1


def context(device, generator, image, work):
    core = traffic.cores()[0]
    if device in WORKLESS:
        return testpmd.Testpmd(generator.sockets, device.split()[1], core)
    if device == WEIR:
        harness.note("Weir", "yaml", works.weir(work))
        return throughput.between(generator, image, memory_mib=MEMORY_MIB)
    return {SWITCH: peers.open_vswitch, KERNEL: peers.kernel}[device](generator.sockets, core, work)


def busiest_thread(pid):
    """The thread that polls, as nothing else of such a process has much to do."""
    threads = os.listdir(f"/proc/{pid}/task")
    return max(threads, key=lambda thread: traffic.schedstat(thread)[0])


@contextlib.contextmanager
def running(device, image, work, flows):
    """The generator, with one device at work between its sides, and the device (Weir: its Machine). Trials are of so many
    flows, in both directions; of one, where a device knows no flows."""
    with traffic.Generator(**work.traffic) as generator, context(device, generator, image, work) as it:
        throughput.warm(generator)
        if device == WEIR:
            time.sleep(REST_SECONDS)
        else:
            generator.device_thread = busiest_thread(it.pid)
        generator.more = {"direction": "both", "flows": 1 if device in WORKLESS else flows, "drain": throughput.DRAIN_MS}
        generator.trial(rate=10_000, packets=64)  # opens the flows, so that from here on all are established
        yield generator, it


def in_turn(devices, repeats, measure):
    """In rounds. What measure(device) gave each time, by device; and why others can't be measured."""
    given, missing = {device: [] for device in devices}, {}
    for _ in range(repeats):
        for device in devices:
            if device in missing:
                continue
            try:
                given[device].append(measure(device))
            except Unavailable as why:
                missing[device] = why
    return {device: runs for device, runs in given.items() if device not in missing}, missing
