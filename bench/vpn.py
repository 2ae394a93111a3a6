# SPDX-License-Identifier: Apache-2.0
"""A stream through a WireGuard tunnel over tap interfaces or veth pairs: two appliances back to back, and wireguard-go.

    client 10.0.0.10 ── br-lan ── [ left ] ── br-wan ── [ right ] ── br-far ── server 10.0.9.10

Left and right are `weir run`, or namespaces with wireguard-go; wireguard-go is also measured without the hosts, from one
tunnel's end to the other. The left side, and who sends, have one core, the right side another. The ways take turns, so
that each ratio compares neighbours in time. All of it lives in a user namespace; this file starts itself in there.
"""

import contextlib
import json
import os
import shutil
import subprocess
import sys
import time

import harness
import machine
import tap
from harness import BUILD, Row, Unavailable, run_tool
from tap import background, sh

CONFIGURATION = """\
name: bench-vpn-{name}
ports:
  lan: {{ addresses: [{lan}/24] }}
  wan: {{ addresses: [{wan}/24] }}
chain: [router, vpn]
vpn:
  wg0:
    addresses: [{inside}/24]
    mss: auto
    wireguard:
      private-key: vpn-{name}.key
      listen: 51820
      peers:
        other: {{ public-key: "{other_key}", allowed: [{other_network}, {other_inside}/32], endpoint: "{other_wan}:51820" }}
"""
REPEATS, SECONDS = 3, 2
SMOKE = {"REPEATS": 1, "SECONDS": 1}
AT_LEAST = 10
UDP_BYTES = 1372  # with IP and UDP what a tunnel of 1420 bytes takes, in whole blocks
TOOLS = ("ip", "unshare", "nsenter", "mount", "taskset", "iperf3", "ping", "wg", "wireguard-go")
WAYS = ("ends", "gateways", "process", "vm")
OWN_RUN = 'mount -t tmpfs none /run && exec "$@"'  # wg finds wireguard-go by a socket in there


class Side:
    """Addresses, core and key of one end."""

    def __init__(self, name, number, network):
        self.name, self.core, self.network = name, sorted(os.sched_getaffinity(0))[number - 1], f"10.0.{network}.0/24"
        self.lan, self.host = f"10.0.{network}.1", f"10.0.{network}.10"
        self.wan, self.inside = f"192.0.2.{number}", f"10.8.0.{number}"
        self.key_file, self.image = BUILD / f"bench/vpn-{name}.key", BUILD / f"bench/vpn-{name}.elf"
        self.taps = [f"lan=lan{number}", f"wan=wan{number}"]
        self.lan_bridge = "br-lan" if number == 1 else "br-far"

    @property
    def public_key(self):
        return subprocess.run(["wg", "pubkey"], input=self.key_file.read_text(), capture_output=True, text=True,
                              check=True).stdout.strip()

    def pinned(self, *words):
        return ["taskset", "-c", str(self.core), *words]


def sides():
    if len(os.sched_getaffinity(0)) < 2:
        raise Unavailable("fewer than two processors")
    return Side("left", 1, 0), Side("right", 2, 9)


def build(side, other):
    source = side.image.with_suffix(".yaml")
    source.write_text(CONFIGURATION.format(name=side.name, lan=side.lan, wan=side.wan, inside=side.inside,
                                           other_key=other.public_key, other_network=other.network,
                                           other_inside=other.inside, other_wan=other.wan))
    run_tool([str(BUILD / "weir"), "build", str(source), "-o", str(side.image)])
    side.image.chmod(0o700)


class Go:
    """A namespace with wireguard-go between lan and wan."""

    def __init__(self, side, other, stack):
        self.side, self.other = side, other
        self.host = tap.Host(f"go-{side.name}", "br-wan", f"{side.wan}/24", other.wan, stack)
        lan = f"{side.name}-lan"
        sh("ip", "link", "add", lan, "type", "veth", "peer", "name", f"{lan}-eth")
        sh("ip", "link", "set", lan, "master", side.lan_bridge, "up")
        sh("ip", "link", "set", f"{lan}-eth", "netns", str(self.host.holder.pid), "name", "eth1")
        self.ip("address", "add", f"{side.lan}/24", "dev", "eth1")
        sh(*self.host.inside("sh", "-c", "echo 1 > /proc/sys/net/ipv4/ip_forward"))
        self.attach("down")

    def ip(self, *words):
        sh(*self.host.inside("ip", *words))

    def attach(self, state):
        """An appliance has the same addresses, at another time."""
        for device in ("eth0", "eth1"):
            self.ip("link", "set", device, state)

    @contextlib.contextmanager
    def running(self):
        command = self.host.inside("unshare", "--mount", "sh", "-c", OWN_RUN, "sh", *self.side.pinned("wireguard-go", "-f", "wg0"))
        environment = os.environ | {"WG_PROCESS_FOREGROUND": "1", "LOG_LEVEL": "verbose"}
        path = self.side.image.with_name(f"vpn-{self.side.name}-go.log")
        with open(path, "wb") as log, background(command, stdout=log, stderr=log, env=environment) as process:
            wait(lambda: b"UAPI listener started" in path.read_bytes(), "wireguard-go")  # as in tests/peer/tunnel.py
            self.set_up(["nsenter", f"--mount=/proc/{process.pid}/ns/mnt", *self.host.inside("wg")])
            self.attach("up")
            yield
            self.attach("down")

    def set_up(self, wg):
        sh(*wg, "set", "wg0", "listen-port", "51820", "private-key", str(self.side.key_file), "peer", self.other.public_key,
           "allowed-ips", f"{self.other.network},{self.other.inside}/32", "endpoint", f"{self.other.wan}:51820")
        self.ip("address", "add", f"{self.side.inside}/24", "dev", "wg0")
        self.ip("link", "set", "wg0", "up")
        self.ip("route", "add", self.other.network, "dev", "wg0")


def wait(question, what):
    end = time.monotonic() + tap.SETTLE_SECONDS
    while not question():
        if time.monotonic() > end:
            raise Unavailable(f"nothing comes of {what}")
        time.sleep(0.05)


class Nodes:
    """The drawing above."""

    def __init__(self, left, right, stack, omit):
        self.left, self.right, self.omit = left, right, omit
        for bridge in ("br-lan", "br-wan", "br-far"):
            sh("ip", "link", "add", bridge, "type", "bridge")
            sh("ip", "link", "set", bridge, "up")
        for name, bridge in (("lan1", "br-lan"), ("wan1", "br-wan"), ("wan2", "br-wan"), ("lan2", "br-far")):
            sh("ip", "tuntap", "add", name, "mode", "tap")
            sh("ip", "link", "set", name, "master", bridge, "up")
        self.client = tap.Host("client", "br-lan", f"{left.host}/24", left.lan, stack)
        self.server = tap.Host("server", "br-far", f"{right.host}/24", right.lan, stack)
        self.go = [Go(left, right, stack), Go(right, left, stack)]
        for host in (self.server, self.go[1].host):
            stack.enter_context(background(host.inside(*right.pinned("iperf3", "-s")), stdout=subprocess.DEVNULL))

    @contextlib.contextmanager
    def tunnel(self, way):
        """Who sends, and the address of who receives."""
        with contextlib.ExitStack() as stack:
            for side, go in zip((self.left, self.right), self.go):
                stack.enter_context(go.running() if way in ("ends", "gateways") else run_weir(side, way))
            host, address = ((self.go[0].host, self.right.inside) if way == "ends" else (self.client, self.right.host))
            for each in (self.client, self.server, *(go.host for go in self.go)):
                sh(*each.inside("ip", "neigh", "flush", "all"))
            ping = host.inside("ping", "-n", "-c", "1", "-W", "1", address)
            wait(lambda: subprocess.run(ping, capture_output=True, check=False).returncode == 0, f"a ping ({way})")
            yield host, address

    def stream(self, host, address, *words):
        """Gbit/s that arrive. The server can be busy for a moment with the end of the stream before."""
        client = host.inside(*self.left.pinned("iperf3", "-J", "-c", address, "-O", self.omit, *words))
        for _ in range(tap.TRIES):
            report = json.loads(subprocess.run(client, capture_output=True, text=True, timeout=40, check=False).stdout)
            if "sum_received" in report["end"]:
                return report["end"]["sum_received"]["bits_per_second"] / 1e9
            time.sleep(1)
        raise Unavailable(f"iperf3: {report.get('error')}")


def run_weir(side, way):
    accelerator = "process" if way == "process" else machine.accelerator()
    taps = [word for each in side.taps for word in ("--tap", each)]
    return background(side.pinned(str(BUILD / "weir"), "run", str(side.image), *taps, "--json", "--accel", accelerator),
                      stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def inside(repeats, seconds, omit):
    """In the user namespace: prints the samples as JSON."""
    samples = {way: {"tcp": [], "udp": []} for way in WAYS}
    try:
        with contextlib.ExitStack() as stack:
            nodes = Nodes(*sides(), stack, omit)
            for way in list(WAYS) * int(repeats):
                with nodes.tunnel(way) as (host, address):
                    samples[way]["tcp"].append(nodes.stream(host, address, "-t", seconds))
                    samples[way]["udp"].append(nodes.stream(host, address, "-t", seconds, "-u", "-b", "0", "-l", str(UDP_BYTES)))
    except (Unavailable, OSError, ValueError, KeyError, subprocess.SubprocessError) as why:
        samples = {"unavailable": str(why)}
    print(json.dumps(samples))


def rows():
    missing = [tool for tool in TOOLS if not shutil.which(tool)]
    if missing:
        raise Unavailable(f"not installed: {', '.join(missing)}")
    if not os.access("/dev/net/tun", os.R_OK | os.W_OK):
        raise Unavailable("no /dev/net/tun, or no permission for it")
    left, right = sides()
    for side in (left, right):
        side.key_file.write_text(run_tool(["wg", "genkey"]))
        side.key_file.chmod(0o600)
    build(left, right)
    build(right, left)
    samples = json.loads(harness.run_tool([*tap.enter(), sys.executable, __file__, str(REPEATS), str(SECONDS), tap.OMIT]))
    if "unavailable" in samples:
        raise Unavailable(samples["unavailable"])
    names = {"ends": "wireguard-go, end to end", "gateways": "wireguard-go, between hosts",
             "process": "Weir, processes", "vm": f"Weir, VMs ({machine.accelerator()})"}
    for way, name in names.items():
        for kind, said in (("tcp", "TCP"), ("udp", "UDP, what arrives")):
            yield Row(f"{said}: {name}", samples[way][kind], "Gbit/s")
            for other in ("ends", "gateways") if way in ("process", "vm") else ():
                ratios = [ours / go if go else 0 for ours, go in zip(samples[way][kind], samples[other][kind])]
                target = AT_LEAST if kind == "tcp" and other == "ends" else None
                yield Row(f"  / {names[other]}", ratios, "times", at_least=target)


if __name__ == "__main__":
    inside(*sys.argv[1:])
