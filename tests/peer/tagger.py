#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""An 802.1Q port in user space, for kernels without the 8021q module: tagger.py INTERFACE VLAN NAMESPACE TAP

Frames of the tap interface TAP, which it makes in the network namespace NAMESPACE (a path), leave INTERFACE of this
namespace with the tag; frames of that VLAN come back without. Both sides speak with struct virtio_net_hdr in front
(virtio 1.2, section 5.1.6), so that super-frames and partial checksums pass. Writes a line when the tap is there."""

import ctypes
import fcntl
import os
import select
import socket
import struct
import sys

CLONE_NEWNET = 0x40000000
TUNSETIFF, TUNSETOFFLOAD, TUNSETVNETHDRSZ = 0x400454CA, 0x400454D0, 0x400454D8
IFF_TAP, IFF_NO_PI, IFF_VNET_HDR = 0x0002, 0x1000, 0x4000
TUN_F_CSUM, TUN_F_TSO4, TUN_F_TSO6, TUN_F_TSO_ECN = 1, 2, 4, 8
SOL_PACKET, PACKET_AUXDATA, PACKET_VNET_HDR, PACKET_IGNORE_OUTGOING = 263, 8, 15, 23
ETH_P_ALL = 3
TP_STATUS_VLAN_VALID = 1 << 4
AUXDATA = struct.Struct("=IIIHHHH")  # struct tpacket_auxdata: status, len, snaplen, mac, net, vlan_tci, vlan_tpid
HEADER = struct.Struct("<BBHHHH")  # struct virtio_net_hdr: flags, gso_type, hdr_len, gso_size, csum_start, csum_offset
NEEDS_CSUM = 1
ADDRESSES = 12  # bytes of an Ethernet header in front of the tag
LONGEST = 70000


def open_wire(interface):
    wire = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
    wire.setsockopt(SOL_PACKET, PACKET_VNET_HDR, 1)
    wire.setsockopt(SOL_PACKET, PACKET_AUXDATA, 1)
    wire.setsockopt(SOL_PACKET, PACKET_IGNORE_OUTGOING, 1)
    wire.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
    wire.bind((interface, 0))
    return wire


def open_tap(namespace, name):
    libc = ctypes.CDLL(None, use_errno=True)
    with open(namespace, "rb") as where:
        if libc.setns(where.fileno(), CLONE_NEWNET):
            raise OSError(ctypes.get_errno(), "setns")
    tap = os.open("/dev/net/tun", os.O_RDWR)
    fcntl.ioctl(tap, TUNSETIFF, struct.pack("16sH22x", name.encode(), IFF_TAP | IFF_NO_PI | IFF_VNET_HDR))
    fcntl.ioctl(tap, TUNSETVNETHDRSZ, struct.pack("i", HEADER.size))
    fcntl.ioctl(tap, TUNSETOFFLOAD, TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6 | TUN_F_TSO_ECN)
    return tap


def tagged(data, vlan):
    """Header and frame with the tag put in; where the checksum starts moves with it."""
    flags, gso_type, length, size, start, offset = HEADER.unpack_from(data)
    if flags & NEEDS_CSUM:
        start += 4
    if length:
        length += 4
    frame = data[HEADER.size :]
    tag = struct.pack("!HH", 0x8100, vlan)
    return HEADER.pack(flags, gso_type, length, size, start, offset) + frame[:ADDRESSES] + tag + frame[ADDRESSES:]


def vlan_of(ancillary):
    """The tag that the kernel took off a received frame, or None."""
    for level, kind, data in ancillary:
        if (level, kind) == (SOL_PACKET, PACKET_AUXDATA) and len(data) >= AUXDATA.size:
            status, _, _, _, _, tci, _ = AUXDATA.unpack_from(data)
            if status & TP_STATUS_VLAN_VALID:
                return tci & 0xFFF
    return None


def pass_on(action):
    """Frames that the other side has no room for are lost, as on a wire."""
    try:
        action()
    except OSError:
        pass


def main():
    interface, vlan, namespace, name = sys.argv[1], int(sys.argv[2]), sys.argv[3], sys.argv[4]
    wire = open_wire(interface)
    tap = open_tap(namespace, name)
    print("ready", flush=True)
    while True:
        ready, _, _ = select.select([wire, tap], [], [])
        if tap in ready:
            data = tagged(os.read(tap, LONGEST), vlan)
            pass_on(lambda data=data: wire.send(data))
        if wire in ready:
            data, ancillary, _, _ = wire.recvmsg(LONGEST, 256)
            if vlan_of(ancillary) == vlan:
                pass_on(lambda data=data: os.write(tap, data))


if __name__ == "__main__":
    main()
