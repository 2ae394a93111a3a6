# SPDX-License-Identifier: Apache-2.0
"""Density: idle appliances on one host. How much memory each takes (PSS, QEMU included: what several share counts once),
the host CPU of all of them, and how long until each has answered when all are asked at once."""

import contextlib
import resource
import selectors
import socket
import struct
import tempfile
import time

import appliance
import harness
import idle
import machine
from harness import Row, Unavailable

COUNTS = (1, 10, 100)
MEMORY_MIB, BUFFERS = 16, 512
PSS_MB, ANSWER_MS, CPU_PERCENT = 16, 100, 0.2
MANY = 100  # from here on, targets hold: a few share QEMU's own pages with nobody
CROWD = 500  # of these, all are to answer in time
SETTLE_SECONDS, SECONDS = 3, 5
SHARE = 0.5  # of the host's memory, for as many as fit
SMOKE = {"COUNTS": (1, 2), "CROWD": 0, "SETTLE_SECONDS": 0.2, "SECONDS": 0.2, "SHARE": 0}


def echo_request():
    """To the appliance itself."""
    icmp = struct.pack("!BBHHH", 8, 0, 0, 1, 1) + b"are you there?"
    icmp = icmp[:2] + struct.pack("!H", appliance.checksum(icmp)) + icmp[4:]
    return appliance.frame_to("10.0.0.1", socket.IPPROTO_ICMP, icmp)


def is_echo_reply(frame):
    return frame[12:14] == b"\x08\x00" and frame[23] == 1 and frame[34] == 0


def pss_mb(pid):
    """proc(5): the proportional set size of a process."""
    with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as rollup:
        for line in rollup:
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024 / 1e6
    raise Unavailable("this kernel tells no proportional set size")


class Appliances:
    """Idle appliances, as many as wanted, until the block ends."""

    def __init__(self, image, stack):
        self.image, self.stack = image, stack
        self.machines, self.wires = [], []

    def grow(self, count):
        added = range(len(self.machines), count)
        for _ in added:
            wires = appliance.Wires(self.stack.enter_context(tempfile.TemporaryDirectory(prefix="weir-bench-")))
            self.stack.callback(wires.close)
            self.wires.append(wires)
            self.machines.append(self.stack.enter_context(machine.Machine(self.image, memory_mib=MEMORY_MIB, cards=wires.cards)))
        for index in added:
            self.machines[index].wait_state(machine.READY, 60)

    def pss_mb(self):
        return [pss_mb(vm.process.pid) for vm in self.machines]

    def cpu_percent(self):
        """Of one processor, all of them together."""
        before, start = self.cpu_seconds(), time.monotonic()
        time.sleep(SECONDS)
        return 100 * (self.cpu_seconds() - before) / (time.monotonic() - start)

    def cpu_seconds(self):
        return sum(idle.cpu_seconds(vm.process.pid) for vm in self.machines)

    def answer_ms(self):
        """From the first question to the last answer; each is asked once."""
        waiting = selectors.DefaultSelector()
        for wires in self.wires:
            waiting.register(wires.ends[0][0], selectors.EVENT_READ)
        start = time.monotonic()
        for wires in self.wires:
            wires.send(0, echo_request())
        while waiting.get_map():
            ready = waiting.select(2)
            if not ready:
                raise Unavailable(f"{len(waiting.get_map())} of {len(self.wires)} did not answer")
            for key, _ in ready:
                if is_echo_reply(key.fileobj.recv(65536)):
                    waiting.unregister(key.fileobj)
        return (time.monotonic() - start) * 1000


def rows_of(appliances, count):
    appliances.grow(count)
    time.sleep(SETTLE_SECONDS)
    many, asked = count >= MANY, MANY <= count <= CROWD
    yield Row(f"{count:,} idle: memory of each", appliances.pss_mb(), "MB", at_most=PSS_MB if many else None)
    yield Row("  host CPU of each", [appliances.cpu_percent() / count], "% of a CPU", at_most=CPU_PERCENT if many else None)
    yield Row("  all have answered", [appliances.answer_ms() for _ in range(3)], "ms", at_most=ANSWER_MS if asked else None)


def rows():
    configuration = appliance.CONFIGURATION + f"buffers: {BUFFERS}\n"
    image = appliance.build("density", configuration)
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    with contextlib.ExitStack() as stack:
        appliances = Appliances(image, stack)
        for count in COUNTS:
            yield from rows_of(appliances, count)
        fit = int(SHARE * harness.memory_mb() / (sum(appliances.pss_mb()) / len(appliances.machines))) // 10 * 10
        if CROWD > fit:
            yield Row.skipped(f"{CROWD:,} idle", f"no more than {fit:,} fit in {SHARE:.0%} of the memory")
        for count in sorted({CROWD, fit}):
            if COUNTS[-1] < count <= fit:
                yield from rows_of(appliances, count)
