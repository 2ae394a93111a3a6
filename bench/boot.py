# SPDX-License-Identifier: Apache-2.0
"""Boot: from QEMU's start to the first packet forwarded, and its parts.

QEMU starts with the processor stopped, which ends QEMU's own part; the firmware's part ends where the image's first
instruction writes its time stamp; ring 0's and ring 3's parts are differences of the image's own time stamps. A packet
comes each millisecond; the last part is from READY until the first one is out at the other port.
"""

import contextlib
import tempfile
import threading
import time

import appliance
import machine
import plots
from harness import Row, Unavailable, median
from image import udp_frame

RUNS = 11
WALL_MS, GUEST_MS = 150, 10
SMOKE = {"RUNS": 1}
PARTS = ("QEMU", "firmware", "ring 0", "ring 3", "first packet")  # one after the other


@contextlib.contextmanager
def sending(wires):
    """A packet each millisecond, inside the block."""
    end = threading.Event()

    def send():
        frame = udp_frame()
        while not end.wait(0.001):
            with contextlib.suppress(BlockingIOError, ConnectionError, FileNotFoundError):
                wires.send(0, frame)

    thread = threading.Thread(target=send)
    thread.start()
    try:
        yield
    finally:
        end.set()
        thread.join()


def boot_once(image, model):
    with contextlib.ExitStack() as stack:
        wires = appliance.Wires(stack.enter_context(tempfile.TemporaryDirectory(prefix="weir-bench-")))
        stack.callback(wires.close)
        vm = stack.enter_context(machine.Machine(image, cards=wires.cards, model=model))
        stack.enter_context(sending(wires))
        ready = vm.wait_state(machine.READY, 60)
        wires.receive(1, lambda frame: b"anybody" in frame)
        forwarded = time.monotonic()
        progress = vm.progress()
    tick = 1000 / progress["tsc_hz"]
    ring0 = (progress["ring3_tsc"] - progress["first_tsc"]) * tick
    ring3 = (progress["ready_tsc"] - progress["ring3_tsc"]) * tick
    qemu = (vm.continued - vm.started) * 1000
    until_ready = (ready - vm.started) * 1000
    return {"wall": (forwarded - vm.started) * 1000, "QEMU": qemu, "firmware": until_ready - qemu - ring0 - ring3,
            "ring 0": ring0, "ring 3": ring3, "first packet": (forwarded - ready) * 1000, "guest": ring0 + ring3}


def rows_of(runs, model):
    targets = {"wall": WALL_MS, "guest": GUEST_MS} if model[0] == "kvm" else {}
    for part in runs[0]:
        name = {"wall": f"boot to first packet, {model[0]}", "guest": "  ring 0 and ring 3"}.get(part, f"  {part}")
        yield Row(name, [run[part] for run in runs], "ms", at_most=targets.get(part))


def plot(measured):
    """A part that is shorter than what its time is known to can come out below zero; it has no length then."""
    plots.stacked("boot", "From QEMU's start to the first packet forwarded", "milliseconds, medians",
                  {model[0].upper(): {part: max(0.0, median([run[part] for run in runs])) for part in PARTS}
                   for model, runs in measured.items()})


def rows():
    image = appliance.build()
    models = [machine.model_that_works()]
    if models[0][0] == "kvm":
        models.append(machine.MODELS[-1])
    else:
        yield Row.skipped("boot to first packet, kvm", "no usable /dev/kvm here")
    measured = {}
    for model in models:
        try:
            measured[model] = [boot_once(image, model) for _ in range(RUNS)]
            yield from rows_of(measured[model], model)
        except Unavailable as why:
            measured.pop(model, None)
            yield Row.skipped(f"boot to first packet, {model[0]}", why)
    try:
        if measured:
            plot(measured)
    except Unavailable as why:
        yield Row.skipped("boot, plotted", why)
