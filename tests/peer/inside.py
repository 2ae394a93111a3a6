# SPDX-License-Identifier: Apache-2.0
"""UDP packets for the inside of a tunnel, made by hand, and taken apart again."""

import ipaddress
import struct

from flood import UDP, checksum


def udp(source, target, data, tos=0, ports=(9000, 9000)):
    source, target = (ipaddress.ip_address(address).packed for address in (source, target))
    length = 8 + len(data)
    pseudo = source + target + struct.pack("!II", length, UDP)
    datagram = struct.pack("!HHHH", *ports, length, 0) + data
    datagram = datagram[:6] + struct.pack("!H", checksum(pseudo + datagram) or 0xFFFF) + datagram[8:]
    if len(source) == 16:
        return struct.pack("!IHBB", 6 << 28 | tos << 20, length, UDP, 64) + source + target + datagram
    header = struct.pack("!BBHHHBBH4s4s", 0x45, tos, 20 + length, 0, 0, 64, UDP, 0, source, target)
    return header[:10] + struct.pack("!H", checksum(header)) + header[12:] + datagram


def tos_of(packet):
    """DSCP and ECN, as one byte."""
    return packet[1] if packet[0] >> 4 == 4 else struct.unpack_from("!H", packet)[0] >> 4 & 0xFF


def data_of(packet):
    return packet[28:] if packet[0] >> 4 == 4 else packet[48:]
