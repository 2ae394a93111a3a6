#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Captures what leaves through an interface: capture.py INTERFACE FILE, until SIGTERM. Writes nanosecond pcap, and a line
when it has begun. (tcpdump wants to change its user, which a user namespace with one user does not let it.)"""

import pathlib
import signal
import socket
import struct
import sys
import time

import tagger

PACKET_OUTGOING = 4
PCAP_NANOSECONDS, LINK_ETHERNET, SNAPLEN = 0xA1B23C4D, 1, 65535
FILE_HEADER, FRAME_HEADER = struct.Struct("<IHHiIII"), struct.Struct("<IIII")


def lengths(path):
    """Lengths of the frames in a capture."""
    data, at, found = pathlib.Path(path).read_bytes(), FILE_HEADER.size, []
    while at + FRAME_HEADER.size <= len(data):
        found.append(FRAME_HEADER.unpack_from(data, at)[2])
        at += FRAME_HEADER.size + found[-1]
    return found


def main():
    interface, path = sys.argv[1:]
    wire = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(tagger.ETH_P_ALL))
    wire.setsockopt(tagger.SOL_PACKET, tagger.PACKET_AUXDATA, 1)
    wire.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8 << 20)
    wire.bind((interface, 0))
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    with open(path, "wb") as out:
        out.write(FILE_HEADER.pack(PCAP_NANOSECONDS, 2, 4, 0, 0, SNAPLEN, LINK_ETHERNET))
        print("ready", flush=True)
        while True:
            frame, ancillary, _, source = wire.recvmsg(SNAPLEN, 256)
            if source[2] != PACKET_OUTGOING:
                continue
            vlan = tagger.vlan_of(ancillary)
            if vlan is not None:
                tag = struct.pack("!HH", 0x8100, vlan)
                frame = frame[: tagger.ADDRESSES] + tag + frame[tagger.ADDRESSES :]
            seconds, rest = divmod(time.time_ns(), 1_000_000_000)
            out.write(FRAME_HEADER.pack(seconds, rest, len(frame), len(frame)) + frame)


if __name__ == "__main__":
    main()
