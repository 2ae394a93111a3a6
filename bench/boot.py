# SPDX-License-Identifier: Apache-2.0
"""Boot: from QEMU's start to READY, and its parts.

QEMU starts with the processor stopped, which ends QEMU's own part; the firmware's part ends where the image's first
instruction writes its time stamp; ring 0's and ring 3's parts are differences of the image's own time stamps.
"""

import appliance
import machine
from harness import Row, Unavailable

RUNS = 11
WALL_MS, RING3_MS = 150, 5


def boot_once(image, model):
    with machine.Machine(image, cards=appliance.idle_cards(), model=model) as vm:
        ready = vm.wait_state(machine.READY, 60)
        progress = vm.progress()
    tick = 1000 / progress["tsc_hz"]
    ring0 = (progress["ring3_tsc"] - progress["first_tsc"]) * tick
    ring3 = (progress["ready_tsc"] - progress["ring3_tsc"]) * tick
    qemu = (vm.continued - vm.started) * 1000
    wall = (ready - vm.started) * 1000
    return {"wall": wall, "QEMU": qemu, "firmware": wall - qemu - ring0 - ring3, "ring 0": ring0, "ring 3": ring3}


def rows_of(image, model):
    accelerated = model[0] == "kvm"
    runs = [boot_once(image, model) for _ in range(RUNS)]
    targets = {"wall": WALL_MS, "ring 3": RING3_MS} if accelerated else {}
    for part in runs[0]:
        name = f"boot to READY, {model[0]}" if part == "wall" else f"  {part}"
        yield Row(name, [run[part] for run in runs], "ms", at_most=targets.get(part))


def rows():
    image = appliance.build()
    models = [machine.model_that_works()]
    if models[0][0] == "kvm":
        models.append(machine.MODELS[-1])
    else:
        yield Row.skipped("boot to READY, kvm", "no usable /dev/kvm here")
    for model in models:
        try:
            yield from rows_of(image, model)
        except Unavailable as why:
            yield Row.skipped(f"boot to READY, {model[0]}", why)
