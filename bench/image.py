# SPDX-License-Identifier: Apache-2.0
"""Size: bytes of the stripped image, and the least memory in which it boots and forwards a packet."""

import socket
import struct
import tempfile

import appliance
import machine
from harness import Row, Unavailable

IMAGE_MB, MEMORY_MIB = 1.5, 32
SMOKE = {"SIZES_MIB": [64]}
SIZES_MIB = [8, 12, 16, 20, 24, 28, 32, 40, 48, 64, 96, 128]


def udp_frame():
    """To 198.51.100.1, which lies behind wan's gateway."""
    data = b"is there anybody out there"
    return appliance.frame_to("198.51.100.1", socket.IPPROTO_UDP, struct.pack("!4H", 4242, 4242, 8 + len(data), 0) + data)


def forwards_in(image, mib):
    with tempfile.TemporaryDirectory(prefix="weir-bench-") as folder:
        wires = appliance.Wires(folder)
        try:
            with machine.Machine(image, memory_mib=mib, cards=wires.cards) as vm:
                vm.wait_state(machine.READY, 20)
                wires.send(0, udp_frame())
                wires.receive(1, lambda frame: b"anybody" in frame)
                return True
        except Unavailable:
            return False
        finally:
            wires.close()


def rows():
    image = appliance.build()
    yield Row("image, stripped", [image.stat().st_size / 1e6], "MB", at_most=IMAGE_MB)
    least = next((mib for mib in SIZES_MIB if forwards_in(image, mib)), None)
    if least is None:
        yield Row.skipped("least memory that forwards", f"forwards in none of {SIZES_MIB[0]} to {SIZES_MIB[-1]} MiB")
    else:
        yield Row("least memory that forwards", [least], "MiB", at_most=MEMORY_MIB)
