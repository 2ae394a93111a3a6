#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Sends frames as fast as it is told, until its time is over: flood.py KIND RATE SECONDS GATEWAY SOURCES TARGETS [PORT [DATA]]

KIND is `syn`, `udp` (of DATA in hexadecimal) or `broken` (see KINDS); RATE is in frames a second; GATEWAY is the MAC address
that they go to. SOURCES and
TARGETS are addresses or networks of either family, separated by commas, of which each frame has one at random; PORT is
the destination port, without it each frame has one of its own. It sends out of eth0, past the host's own stack, and
writes in the end how many frames it sent."""

import ipaddress
import random
import socket
import struct
import sys
import time

FRAMES = 8192  # made before it begins, and sent again and again
BATCH_SECONDS = 0.005
TCP, UDP, ICMP, ICMP6, FRAGMENT6 = 6, 17, 1, 58, 44
SYN, ACK, RST, FIN = 2, 16, 4, 1


def checksum(data):
    data += b"\0" * (len(data) % 2)
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    total = (total & 0xFFFF) + (total >> 16)
    return ~(total + (total >> 16)) & 0xFFFF


class Maker:
    """Makes packets between random addresses."""

    def __init__(self, sources, targets, port, data, seed):
        self.random = random.Random(seed)
        self.sources = [ipaddress.ip_network(text, strict=False) for text in sources.split(",")]
        self.targets = [ipaddress.ip_network(text, strict=False) for text in targets.split(",")]
        self.port, self.data = port, data

    def ends(self):
        target = self.random.choice(self.targets)
        source = self.random.choice([network for network in self.sources if network.version == target.version])
        pick = lambda network: network[self.random.randrange(network.num_addresses)].packed
        return pick(source), pick(target)

    def ports(self):
        return struct.pack("!HH", self.random.randrange(1024, 65536), self.port or self.random.randrange(1, 65536))

    def wrapped(self, ends, protocol, message, sum_at=None, fragment=0):
        """The IP packet around a transport message, whose checksum is filled in at `sum_at`."""
        source, target = ends
        if sum_at is not None:
            pseudo = source + target + struct.pack("!II", len(message), protocol) if protocol != ICMP else b""
            message = message[:sum_at] + struct.pack("!H", checksum(pseudo + message)) + message[sum_at + 2 :]
        if len(source) == 16:
            if fragment:
                message = struct.pack("!BBHI", protocol, 0, fragment << 3 | 1, self.random.getrandbits(6)) + message
            header = struct.pack("!IHBB", 6 << 28, len(message), FRAGMENT6 if fragment else protocol, 64)
            return header + source + target + message
        header = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(message), self.random.getrandbits(6 if fragment else 16),
                             0x2000 | fragment if fragment else 0, 64, protocol, 0, source, target)
        return header[:10] + struct.pack("!H", checksum(header)) + header[12:] + message

    def tcp(self, flags=SYN, length=0):
        header = self.ports() + struct.pack("!IIBBHHHBBH", self.random.getrandbits(32), 0, 0x60, flags, 65535, 0, 0, 2, 4, 1460)
        return self.wrapped(self.ends(), TCP, header + bytes(length), 16)

    def udp(self):
        return self.wrapped(self.ends(), UDP, self.ports() + struct.pack("!HH", 8 + len(self.data), 0) + self.data, 6)

    def fragment(self):
        """One of few datagrams, so that they overlap."""
        return self.wrapped(self.ends(), UDP, bytes(8 * self.random.randrange(1, 40)), fragment=self.random.randrange(0, 60))

    def error(self):
        """An ICMP error about a packet that nobody sent, or somebody did."""
        quoted = self.random.choice((self.tcp, self.udp))()
        ipv6 = quoted[0] >> 4 == 6
        source, target = self.ends()
        while (len(target) == 16) != ipv6:
            source, target = self.ends()
        kind = self.random.choice((1, 2, 3, 4) if ipv6 else (3, 4, 5, 11, 12))
        message = struct.pack("!BBHI", kind, self.random.randrange(5), 0, self.random.choice((0, 1280, 576))) + quoted
        return self.wrapped((source, target), ICMP6 if ipv6 else ICMP, message, 2)

    def odd(self):
        """TCP segments of no connection."""
        return self.tcp(self.random.getrandbits(8), self.random.randrange(200))

    def broken(self):
        """Something that is wrong somewhere: a few bytes changed, an end cut off or added."""
        packet = bytearray(self.random.choice((self.tcp, self.udp, self.fragment, self.error, self.odd))())
        for _ in range(self.random.choice((0, 0, 1, 1, 2, 5))):
            packet[self.random.randrange(len(packet))] = self.random.getrandbits(8)
        if self.random.random() < 0.3:
            del packet[self.random.randrange(1, len(packet)) :]
        if self.random.random() < 0.1:
            packet += self.random.randbytes(self.random.randrange(1, 100))
        if packet[0] >> 4 == 4 and len(packet) >= 20 and self.random.random() < 0.7:
            packet[10:12] = b"\0\0"
            packet[10:12] = struct.pack("!H", checksum(bytes(packet[:20])))
        return bytes(packet)


KINDS = {"syn": Maker.tcp, "udp": Maker.udp, "broken": Maker.broken}



def send(wire, frames, rate, seconds):
    """Frames in turn, at a steady rate. What the interface has no room for is lost, as on a wire."""
    begin, sent = time.monotonic(), 0
    while (now := time.monotonic()) < begin + seconds:
        due = int((now - begin) * rate)
        for _ in range(due - sent):
            try:
                wire.send(frames[sent % len(frames)])
            except OSError:
                pass
            sent += 1
        time.sleep(BATCH_SECONDS)
    return sent


def main():
    kind, rate, seconds, gateway, sources, targets, *rest = sys.argv[1:]
    port, data = int(rest[0]) if rest else None, bytes.fromhex(rest[1]) if len(rest) > 1 else bytes(18)
    maker = Maker(sources, targets, port, data, seed=" ".join(sys.argv))
    wire = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
    wire.bind(("eth0", 0))
    addresses = bytes.fromhex(gateway.replace(":", "")) + wire.getsockname()[4]
    frames = []
    for _ in range(FRAMES):
        packet = KINDS[kind](maker)
        frames.append(addresses + (b"\x86\xdd" if packet[0] >> 4 == 6 else b"\x08\x00") + packet)
    print(send(wire, frames, float(rate), float(seconds)), flush=True)


if __name__ == "__main__":
    main()
