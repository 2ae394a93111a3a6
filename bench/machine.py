# SPDX-License-Identifier: Apache-2.0
"""A VM under measurement: QEMU started stopped, its memory mapped, its progress read without the guest's help.

The accelerator is found by trying, as `weir run` does it: a KVM that is there may be unable to run a processor model.
"""

import functools
import json
import mmap
import os
import socket
import struct
import subprocess
import tempfile
import time

from harness import Unavailable

NOTE_NAME, STATS_NOTE, STATS_VERSION = b"Weir\0", 1, 5
STATS_MAGIC = 0x52494557
RING0, RING3, READY, DONE, FAILED, CRASHED = range(1, 7)
PROGRESS = struct.Struct("<IiQQQQQQ")  # struct boot_progress of boot/handover.h
MODELS = [("kvm", "host,-arch-capabilities"), ("kvm", "EPYC,+x2apic"), ("tcg", "max")]


def notes(image):
    """Bodies of the ELF notes that are Weir's, by type. ELF-64, little-endian: gABI, "Note Section"."""
    data = image.read_bytes()
    offset, = struct.unpack_from("<Q", data, 32)
    size, count = struct.unpack_from("<HH", data, 54)
    found = {}
    for index in range(count):
        kind, _, at, _, _, length = struct.unpack_from("<IIQQQQ", data, offset + index * size)
        end = at + length
        while kind == 4 and at + 12 <= end:
            name, body, note = struct.unpack_from("<III", data, at)
            start = at + 12 + (name + 3 & ~3)
            if data[at + 12 : at + 12 + name] == NOTE_NAME:
                found[note] = data[start : start + body]
            at = start + (body + 3 & ~3)
    return found


def addresses(image):
    """Of the counters and of the progress: struct stats_note of nf/stats.h."""
    body = notes(image).get(STATS_NOTE)
    _, _, page, _, _, progress = struct.unpack_from("<6Q", body) if body else [None] * 6
    return page, progress


def vhost_user_cards(sockets, macs, packed=True, entries=1024, more=""):
    """Network cards, a socket each, on which a vhost-user back end listens: bench/generator, or another."""
    return [["-chardev", f"socket,id=vhost{slot},path={path},reconnect=1",
             "-netdev", f"vhost-user,id=net{slot},chardev=vhost{slot}",
             "-device", f"virtio-net-device,bus=virtio-mmio-bus.{slot},mac={mac},netdev=net{slot},"
             f"packed={'on' if packed else 'off'},rx_queue_size={entries},tx_queue_size={entries}{more}"]
            for slot, (path, mac) in enumerate(zip(sockets, macs))]


class Machine:
    """A context: QEMU runs inside, and is gone after. cards: QEMU arguments a network card, each a list."""

    def __init__(self, image, memory_mib=64, cards=(), words="", model=None):
        self.image, self.memory_mib, self.cards, self.words = image, memory_mib, cards, words
        self.model = model or model_that_works()
        self.page, self.address = addresses(image)

    def __enter__(self):
        self.folder = tempfile.TemporaryDirectory(prefix="weir-bench-")
        self.memory = os.memfd_create("guest")
        os.ftruncate(self.memory, self.memory_mib << 20)
        self.map = mmap.mmap(self.memory, self.memory_mib << 20)
        self.output = open(os.path.join(self.folder.name, "console"), "w+b")
        self.monitor_path = os.path.join(self.folder.name, "qmp")
        self.started = time.monotonic()
        try:
            self.process = subprocess.Popen(self.command(), stdin=subprocess.DEVNULL, stdout=self.output,
                                            stderr=subprocess.STDOUT, pass_fds=[self.memory])
        except FileNotFoundError as missing:
            raise Unavailable("qemu-system-x86_64 is not installed") from missing
        self.go()
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self.output.close()
        self.map.close()
        os.close(self.memory)
        self.folder.cleanup()

    def command(self):
        accel, cpu = self.model
        command = ["qemu-system-x86_64", "-nodefaults", "-no-user-config", "-display", "none", "-no-reboot", "-S",
                   "-machine", "microvm,memory-backend=ram,acpi=off", "-accel", accel, "-cpu", cpu,
                   "-m", f"{self.memory_mib}M", "-object",
                   f"memory-backend-file,id=ram,share=on,size={self.memory_mib}M,mem-path=/proc/self/fd/{self.memory}",
                   "-global", "virtio-mmio.force-legacy=false", "-chardev", "stdio,id=console,signal=off",
                   "-serial", "chardev:console", "-device", "isa-debug-exit,iobase=0xf4,iosize=4",
                   "-qmp", f"unix:{self.monitor_path},server=on,wait=off", "-kernel", str(self.image)]
        if self.words:
            command += ["-append", self.words]
        return command + [word for card in self.cards for word in card]

    def go(self):
        """Waits for QEMU's monitor, which says that QEMU itself is ready, and starts the processor."""
        monitor = socket.socket(socket.AF_UNIX)
        while monitor.connect_ex(self.monitor_path):
            if self.process.poll() is not None:
                return
            time.sleep(0.0005)
        lines = monitor.makefile("rw")
        try:
            lines.readline()
            for command in ("qmp_capabilities", "cont"):
                lines.write(json.dumps({"execute": command}) + "\n")
                lines.flush()
                while "return" not in json.loads(lines.readline() or '{"return": {}}'):
                    pass
        except ConnectionError:
            pass
        self.continued = time.monotonic()
        self.monitor = monitor

    def processor_thread(self):
        """The thread id of the virtual processor, as QEMU's monitor has it."""
        lines = self.monitor.makefile("rw")
        lines.write(json.dumps({"execute": "query-cpus-fast"}) + "\n")
        lines.flush()
        while True:
            answer = json.loads(lines.readline() or '{"return": []}')
            if "return" in answer:
                return answer["return"][0]["thread-id"] if answer["return"] else None

    def pin(self, core):
        """Binds every thread of QEMU, the virtual processor's too, to one core."""
        for thread in os.listdir(f"/proc/{self.process.pid}/task"):
            os.sched_setaffinity(int(thread), {core})

    def progress(self):
        names = ("state", "burst_port", "first_tsc", "ring3_tsc", "ready_tsc", "tsc_hz", "calls", "unknown_calls")
        return dict(zip(names, PROGRESS.unpack_from(self.map, self.address)))

    def counters(self):
        """What nf/stats.h counts: of struct stats_page, as far as the bench asks."""
        magic, version, _, ports, reasons = struct.unpack_from("<5I", self.map, self.page)
        if (magic, version) != (STATS_MAGIC, STATS_VERSION):
            raise Unavailable("the image's counters are not laid out as this bench knows them")
        words = struct.unpack_from(f"<{8 + reasons + 5 + 12 + 11 + 8 + 11 * ports}Q", self.map, self.page + 24)
        dropped, polled, port = words[8 : 8 + reasons], words[8 + reasons :], words[8 + reasons + 36 :]
        return {"forwarded": words[0], "dropped": sum(dropped), "polls": polled[0], "empty_polls": polled[1],
                "sleeps": polled[2], "busy_cycles": polled[3], "received": sum(port[0::11]), "notifications": sum(port[9::11])}

    def wait_state(self, state, seconds):
        """Returns the time at which the image had come that far. Spins: the bench has a processor for it."""
        if self.address is None:
            raise Unavailable("the image has no note that says where its counters are")
        end = time.monotonic() + seconds
        while True:
            now, reached = time.monotonic(), struct.unpack_from("<I", self.map, self.address)[0]
            if state <= reached <= DONE:
                return now
            if reached > DONE or now > end or self.process.poll() is not None:
                raise Unavailable(f"the VM did not get ready; it said: {self.console().strip()[-300:] or 'nothing'}")

    def wait_end(self, seconds):
        try:
            self.process.wait(seconds)
        except subprocess.TimeoutExpired as slow:
            raise Unavailable(f"the VM did not end within {seconds} seconds") from slow

    def console(self):
        self.output.seek(0)
        return self.output.read().decode("utf-8", "replace")


@functools.cache
def model_that_works():
    """The first accelerator and processor model with which QEMU gets as far as running an empty machine."""
    for accel, cpu in MODELS:
        if accel == "kvm" and not os.access("/dev/kvm", os.R_OK | os.W_OK):
            continue
        command = ["qemu-system-x86_64", "-nodefaults", "-no-user-config", "-display", "none", "-machine",
                   "microvm,acpi=off", "-accel", accel, "-cpu", cpu, "-m", "16M", "-S", "-monitor", "stdio"]
        try:
            done = subprocess.run(command, input="quit\n", capture_output=True, text=True, timeout=20, check=False)
        except (FileNotFoundError, subprocess.TimeoutExpired):
            continue
        if done.returncode == 0:
            return accel, cpu
    return MODELS[-1]


def accelerator():
    return model_that_works()[0]
