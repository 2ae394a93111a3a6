# SPDX-License-Identifier: Apache-2.0
"""The firewall and router that the rows about booting, size and idling measure, and network cards for it."""

import os
import socket
import struct

import kept
from harness import BUILD, Unavailable, run_tool

CONFIGURATION = """\
name: bench-gateway
ports:
  lan: { addresses: [10.0.0.1/24, "fd00:1::1/64"], neighbours: { 10.0.0.10: "02:00:00:00:0a:0a" } }
  wan: { addresses: [192.0.2.2/30], gateway: 192.0.2.1, neighbours: { 192.0.2.1: "02:00:00:00:0b:0b" } }
chain: [firewall, router]
firewall:
  default: drop
  rules:
    - { accept: any, from: lan, to: wan }
    - { accept: any, from: wan, to: lan, proto: tcp, destination: 10.0.0.10, port: [80, 443], name: web }
    - { accept: any, proto: icmp, icmp: [echo-request] }
    - { drop: any, proto: tcp, flags: [syn, "!ack"], from: wan }
    - { reject: any, to: self }
router:
  routes: [{ to: 10.1.0.0/16, via: 10.0.0.254 }]
"""
MACS = ["02:00:00:00:01:00", "02:00:00:00:01:01"]


def build(name="gateway", configuration=CONFIGURATION):
    """The image of a configuration."""
    image, source = BUILD / "bench" / f"{name}.elf", BUILD / "bench" / f"{name}.yaml"

    def make():
        source.write_text(configuration)
        run_tool([str(BUILD / "weir"), "build", str(source), "-o", str(image)])

    return kept.keep(image, configuration, make)


def idle_cards():
    """Cards without a network behind them."""
    return [["-device", f"virtio-net-device,bus=virtio-mmio-bus.{slot},mac={mac}"] for slot, mac in enumerate(MACS)]


def checksum(header):
    total = sum(struct.unpack(f"!{len(header) // 2}H", header))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def frame_to(address, protocol, payload):
    """From 10.0.0.10 on lan to an address behind, or of, the appliance."""
    ip = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(payload), 1, 0, 64, protocol, 0, socket.inet_aton("10.0.0.10"),
                     socket.inet_aton(address))
    ip = ip[:10] + struct.pack("!H", checksum(ip)) + ip[12:]
    return bytes.fromhex(MACS[0].replace(":", "")) + bytes.fromhex("020000000a0a0800") + ip + payload


class Wires:
    """Cards on datagram sockets that the bench holds the other ends of: a frame is a datagram."""

    def __init__(self, folder):
        self.ends, self.cards = [], []
        for slot, mac in enumerate(MACS):
            ours, theirs = os.path.join(folder, f"ours{slot}"), os.path.join(folder, f"theirs{slot}")
            end = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
            end.bind(ours)
            end.settimeout(2)
            self.ends.append((end, theirs))
            self.cards.append(["-netdev", f"dgram,id=net{slot},local.type=unix,local.path={theirs},"
                               f"remote.type=unix,remote.path={ours}", "-device",
                               f"virtio-net-device,bus=virtio-mmio-bus.{slot},mac={mac},netdev=net{slot}"])

    def send(self, slot, frame):
        end, theirs = self.ends[slot]
        end.sendto(frame, theirs)

    def receive(self, slot, wanted):
        """The first frame that `wanted` says yes to."""
        while True:
            try:
                frame = self.ends[slot][0].recv(65536)
            except TimeoutError as silence:
                raise Unavailable("no packet came back") from silence
            if wanted(frame):
                return frame

    def close(self):
        for end, _ in self.ends:
            end.close()
