# SPDX-License-Identifier: Apache-2.0
"""A conversation with an image whose clock is the captures': minutes take no time. `weir replay` is deterministic, so the naive
peer can answer what it heard: each time it wants to know what was said, all is replayed from the start, with what it
has sent so far. Up to there nothing can change.

    client 10.0.0.10 ── lan [ weir replay ] wan ── peer 192.0.2.10"""

import json
import os
import struct
import subprocess
import sys

from appliance import WEIR
from hosts import Failed

import inside
import naive
import vpn

sys.path.insert(0, str(vpn.ROOT / "tests/golden"))

from replay import BEGIN_NS, read_capture, write_capture

CLIENT_MAC, PEER_MAC = bytes.fromhex("020000000110"), bytes.fromhex("020000000210")
PORT_MACS = {"lan": bytes.fromhex("020000000101"), "wan": bytes.fromhex("020000000201")}
TICK_SECONDS, TICK_PORT = 0.25, 9  # datagrams to nowhere, so that time is seen to pass
ETHERTYPES = {4: b"\x08\x00", 6: b"\x86\xdd"}
CONFIGURATION = """\
name: story
ports:
  lan: {{ addresses: [10.0.0.1/24], mac: "02:00:00:00:01:01", neighbours: {{ 10.0.0.10: "02:00:00:00:01:10" }} }}
  wan: {{ addresses: [192.0.2.1/24], mac: "02:00:00:00:02:01", neighbours: {{ {neighbours} }} }}
vpn:
{tunnels}\
chain: [firewall, router, vpn]
firewall:
  default: drop
  rules:
    - {{ accept: any, from: lan, to: wg0, name: in }}
    - {{ accept: any, from: wg0, to: lan, name: out }}
"""


def configuration(folder, ends):
    folder.mkdir(parents=True, exist_ok=True)
    neighbours = ", ".join(f'{end.outside[0]}: "02:00:00:00:02:10"' for end in ends)
    path = folder / "story.yaml"
    tunnels = vpn.tunnel_yaml(ends[0].net, ends, folder)
    path.write_text(CONFIGURATION.format(neighbours=neighbours, tunnels=tunnels), encoding="ascii")
    return path


def seconds(time_ns):
    return (time_ns - BEGIN_NS) / 1e9


class Story:
    """Times are seconds from the start, and only grow. `end` is the peer who is spoken with."""

    def __init__(self, image, options, folder, end):
        self.image, self.options, self.folder, self.end = image, options, folder, end
        self.sent, self.report, self.index = [], None, 0
        folder.mkdir(parents=True, exist_ok=True)

    # What is sent

    def frame(self, at, port, source_mac, packet):
        self.sent.append((at, port, PORT_MACS[port] + source_mac + ETHERTYPES[packet[0] >> 4] + packet))

    def peer_sends(self, at, message):
        packet = inside.udp(self.end.outside[0], vpn.WAN4, message, ports=(self.end.port, self.end.net.port))
        self.frame(at, "wan", PEER_MAC, packet)

    def client_sends(self, at, data):
        self.frame(at, "lan", CLIENT_MAC, inside.udp("10.0.0.10", self.end.inside[0], data))

    def from_peer(self, data):
        """A packet for the client, for a session to seal."""
        return inside.udp(self.end.inside[0], "10.0.0.10", data)

    # What is heard

    def play(self, until):
        """What left by then: [(time, message)] to the peer, and [(time, data)] to the client."""
        tick = inside.udp("192.0.2.200", vpn.WAN4, b"tick", ports=(TICK_PORT, TICK_PORT))
        ticks = [(number * TICK_SECONDS, "wan", PORT_MACS["wan"] + PEER_MAC + ETHERTYPES[4] + tick)
                 for number in range(int(until / TICK_SECONDS) + 1)]
        command = [str(WEIR), "replay", str(self.image), "--seed", "1", "--json", *self.options]
        for port in PORT_MACS:
            frames = sorted((at, frame) for at, where, frame in self.sent + ticks if where == port and at <= until)
            write_capture(self.folder / f"{port}.in.pcap", [(BEGIN_NS + int(at * 1e9), frame) for at, frame in frames])
            command += ["--in", f"{port}={self.folder}/{port}.in.pcap", "--out", f"{port}={self.folder}/{port}.out.pcap"]
        done = subprocess.run(command, capture_output=True, text=True, errors="replace", timeout=120, check=False)
        if done.returncode:
            raise Failed(f"weir replay: exit status {done.returncode}\n{(done.stdout + done.stderr)[-1000:]}")
        self.report = json.loads(done.stdout)
        return self.left("wan", self.end.outside[0], until), self.left("lan", "10.0.0.10", until)

    def left(self, port, address, until):
        """(time, data) of the datagrams that left a port to an address. A replay lets time go on for a while after the last
        frame, but that is not what will have happened when the next one comes."""
        target = bytes(map(int, address.split(".")))
        found = []
        for time_ns, frame in read_capture(self.folder / f"{port}.out.pcap"):
            if seconds(time_ns) <= until and frame[12:14] == ETHERTYPES[4] and frame[30:34] == target:
                length = struct.unpack_from("!H", frame, 16)[0]
                found.append((seconds(time_ns), frame[14 + 28 : 14 + length]))
        return found

    def heard(self, until, kind):
        """The messages of a type to the peer: [(time, message)]."""
        return [(at, message) for at, message in self.play(until)[0] if naive.kind(message) == kind]

    # Handshakes

    def calls(self, at, **options):
        """The peer is the initiator."""
        handshake = naive.Handshake(self.end.private, self.end.net.public, self.end.psk)
        self.index += 1
        first = handshake.make_initiation(os.urandom(32), self.index, naive.tai64n(BEGIN_NS + int(at * 1e9)))
        self.peer_sends(at, naive.with_macs(first, self.end.net.public, **options))
        _, response = self.one(self.heard(at + 1, naive.RESPONSE)[-1:], "response")
        handshake.take_response(response)
        return handshake.session(True)

    def answers(self, at, initiation):
        """The peer is the responder."""
        handshake = naive.Handshake(self.end.private, None, self.end.psk)
        handshake.take_initiation(initiation)
        self.index += 1
        second = handshake.make_response(os.urandom(32), self.index)
        self.peer_sends(at, naive.with_macs(second, self.end.net.public))
        return handshake.session(False)

    def is_called(self, at):
        """The client wants something, and the gateway is the initiator."""
        self.client_sends(at, b"call")
        _, initiation = self.one(self.heard(at + 1, naive.INITIATION)[-1:], "initiation")
        return self.answers(at + 0.05, initiation)

    @staticmethod
    def one(found, what):
        if len(found) != 1:
            raise Failed(f"{len(found)} times {what}, not once: {[round(at, 2) for at, _ in found]}")
        return found[0]
