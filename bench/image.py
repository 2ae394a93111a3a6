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


def checksum(header):
    total = sum(struct.unpack(f"!{len(header) // 2}H", header))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def udp_frame(mac):
    """From 10.0.0.10 on lan to 198.51.100.1, which lies behind wan's gateway."""
    payload = b"is there anybody out there"
    udp = struct.pack("!4H", 4242, 4242, 8 + len(payload), 0) + payload
    ip = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(udp), 1, 0, 64, 17, 0, socket.inet_aton("10.0.0.10"),
                     socket.inet_aton("198.51.100.1"))
    ip = ip[:10] + struct.pack("!H", checksum(ip)) + ip[12:]
    return bytes.fromhex(mac.replace(":", "")) + bytes.fromhex("020000000a0a0800") + ip + udp


def forwards_in(image, mib):
    with tempfile.TemporaryDirectory(prefix="weir-bench-") as folder:
        wires = appliance.Wires(folder)
        try:
            with machine.Machine(image, memory_mib=mib, cards=wires.cards) as vm:
                vm.wait_state(machine.READY, 20)
                wires.send(0, udp_frame(appliance.MACS[0]))
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
