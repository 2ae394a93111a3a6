# SPDX-License-Identifier: Apache-2.0
"""Disk: from where SeaBIOS hands over to the boot sector until the first packet is forwarded, with the disk that
`weir image --format raw` makes. GRUB's part is in it; the firmware's own, before, is a row beside.

SeaBIOS says on QEMU's debug port when it hands over. A packet comes each millisecond. GRUB runs in ring 0 throughout: where
KVM has no hardware virtualisation and so emulates that, it takes a minute and more, and is not measured.
"""

import contextlib
import os
import pathlib
import subprocess
import tempfile
import time

import appliance
import boot
import machine
from harness import BUILD, Row, Unavailable, run_tool
from image import udp_frame

RUNS = 7
SMOKE = {"RUNS": 1}
AT_MOST_MS = 1000
SECONDS = 60
HANDED_OVER = b"Booting from 0000:7c00"


def build():
    disk = BUILD / "bench" / "gateway.raw"
    run_tool([str(BUILD / "weir"), "image", str(appliance.build()), "--format", "raw", "-o", str(disk)])
    return disk


def models():
    """KVM where the processor helps it, and TCG."""
    flags = pathlib.Path("/proc/cpuinfo").read_text().split()
    model = machine.model_that_works()
    if model[0] == "kvm" and ("vmx" in flags or "svm" in flags):
        yield model
    yield machine.MODELS[-1]


def command(disk, wires, model):
    accel, cpu = model
    cards = [word.replace("virtio-net-device,bus=virtio-mmio-bus.", "virtio-net-pci,romfile=,addr=1")
             for card in wires.cards for word in card]
    return ["qemu-system-x86_64", "-nodefaults", "-no-user-config", "-display", "none", "-no-reboot", "-machine",
            "q35,smm=off,vmport=off", "-accel", accel, "-cpu", cpu, "-m", "128M", "-serial", "null",
            "-chardev", "stdio,id=firmware,signal=off", "-device", "isa-debugcon,iobase=0x402,chardev=firmware",
            "-drive", f"if=none,id=disk,format=raw,snapshot=on,file={disk}", "-device", "virtio-blk-pci,drive=disk", *cards]


def wait_handed_over(process):
    """Returns when. SeaBIOS's other lines are read and forgotten."""
    said, end = b"", time.monotonic() + SECONDS
    while HANDED_OVER not in said:
        more = os.read(process.stdout.fileno(), 4096)
        if not more or time.monotonic() > end:
            raise Unavailable("SeaBIOS did not get as far as the disk")
        said = (said + more)[-4096:]
    return time.monotonic()


def boot_once(disk, model):
    with contextlib.ExitStack() as stack:
        wires = appliance.Wires(stack.enter_context(tempfile.TemporaryDirectory(prefix="weir-bench-")))
        stack.callback(wires.close)
        wires.ends[0][0].setblocking(False)  # what finds no room before the cards are up is lost
        wires.ends[1][0].settimeout(SECONDS)
        started = time.monotonic()
        process = stack.enter_context(subprocess.Popen(command(disk, wires, model), stdin=subprocess.DEVNULL,
                                                       stdout=subprocess.PIPE))
        stack.callback(process.kill)
        stack.enter_context(boot.sending(wires))
        handed_over = wait_handed_over(process)
        wires.receive(1, lambda frame: b"anybody" in frame)
        return (handed_over - started) * 1000, (time.monotonic() - handed_over) * 1000


def rows():
    disk = build()
    for model in models():
        try:
            runs = [boot_once(disk, model) for _ in range(RUNS)]
        except Unavailable as why:
            yield Row.skipped(f"disk, {model[0]}", why)
            continue
        yield Row(f"SeaBIOS's hand-over to first packet, {model[0]}", [run[1] for run in runs], "ms", at_most=AT_MOST_MS)
        yield Row("  QEMU's start to the hand-over", [run[0] for run in runs], "ms")
