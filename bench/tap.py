# SPDX-License-Identifier: Apache-2.0
"""One TCP stream from lan to wan over tap interfaces, as a share of what the kernel forwards between the same hosts.

    client 10.0.0.10 ── br-lan ── [ kernel | lan0, weir run, wan0 ] ── br-wan ── server 192.0.2.1

Client and server are network namespaces, joined by veth pairs to bridges in a third. There either the kernel routes
from bridge to bridge, or an appliance does on taps of these bridges. The ways take turns, so that each ratio compares
neighbours in time. All of it lives in a user namespace, and needs no root: this file starts itself in there.

Without vhost-net, frames between tap and VM pass through QEMU's main thread, which copies them in and out: how much of a
core that thread takes, and how much the VM's own, says which of the two is the limit.
"""

import contextlib
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import time

import appliance
import harness
import machine
from harness import Row, Unavailable

CONFIGURATION = """\
name: bench-tap
ports:
  lan: { addresses: [10.0.0.1/24] }
  wan: { addresses: [192.0.2.2/30], gateway: 192.0.2.1 }
chain: [firewall, router]
firewall:
  default: drop
  rules:
    - { accept: any, proto: tcp, destination: 192.0.2.1, port: 5201 }
    - { accept: any, proto: tcp, source: 192.0.2.1, source-port: 5201 }
    - { accept: any, proto: icmp }
router: {}
"""
REPEATS = 3
SECONDS = 3
OMIT = "1"  # seconds at a stream's start that do not count
SMOKE = {"REPEATS": 1, "SECONDS": 1, "OMIT": "0"}
TRIES = 5  # to start a stream
SETTLE_SECONDS = 30  # at most, until the appliance answers
AT_LEAST = 0.8
TOOLS = ("ip", "unshare", "nsenter", "iperf3", "ping")
CLIENT, SERVER, GATEWAYS = "10.0.0.10", "192.0.2.1", {"br-lan": "10.0.0.1/24", "br-wan": "192.0.2.2/30"}
WAYS = ("kernel", "process", "vm")
THREADS = {"main": "QEMU's main thread", "processor": "the VM's processor"}


def sh(*words, timeout=30):
    done = subprocess.run(words, capture_output=True, text=True, timeout=timeout, check=False)
    if done.returncode:
        raise Unavailable(f"{' '.join(words)}: {(done.stdout + done.stderr).strip()[-300:]}")
    return done.stdout


@contextlib.contextmanager
def background(command, **options):
    """A process that ends, in order where it can, with the block."""
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, **options)
    try:
        yield process
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


class Host:
    """A network namespace with an eth0 on a bridge."""

    def __init__(self, name, bridge, address, gateway, stack):
        self.holder = stack.enter_context(background(["unshare", "--net", "sleep", "3600"]))
        mine, end = os.readlink("/proc/self/ns/net"), time.monotonic() + SETTLE_SECONDS
        while os.readlink(f"/proc/{self.holder.pid}/ns/net") == mine:
            if time.monotonic() > end:
                raise Unavailable(f"no namespace for the {name}")
            time.sleep(0.01)
        sh("ip", "link", "add", f"{name}-up", "type", "veth", "peer", "name", f"{name}-eth")
        sh("ip", "link", "set", f"{name}-up", "master", bridge, "up")
        sh("ip", "link", "set", f"{name}-eth", "netns", str(self.holder.pid), "name", "eth0")
        for words in (["link", "set", "lo", "up"], ["link", "set", "eth0", "up"],
                      ["address", "add", address, "dev", "eth0"], ["route", "add", "default", "via", gateway]):
            sh(*self.inside("ip", *words))

    def inside(self, *words):
        return ["nsenter", f"--net=/proc/{self.holder.pid}/ns/net", *words]


class Wires:
    """The drawing above."""

    def __init__(self, stack, omit):
        self.omit = omit
        for bridge, tap in (("br-lan", "lan0"), ("br-wan", "wan0")):
            sh("ip", "link", "add", bridge, "type", "bridge")
            sh("ip", "tuntap", "add", tap, "mode", "tap")
            sh("ip", "link", "set", tap, "master", bridge, "up")
            sh("ip", "link", "set", bridge, "up")
        pathlib.Path("/proc/sys/net/ipv4/ip_forward").write_text("1", encoding="ascii")
        self.client = Host("client", "br-lan", f"{CLIENT}/24", "10.0.0.1", stack)
        self.server = Host("server", "br-wan", f"{SERVER}/30", "192.0.2.2", stack)
        stack.enter_context(background(self.server.inside("iperf3", "-s"), stdout=subprocess.DEVNULL))

    def answers(self):
        ping = self.client.inside("ping", "-n", "-c", "1", "-W", "1", SERVER)
        return subprocess.run(ping, capture_output=True, check=False).returncode == 0

    def wait_until_it_answers(self, way):
        end = time.monotonic() + SETTLE_SECONDS
        while not self.answers():
            if time.monotonic() > end:
                raise Unavailable(f"no ping comes through ({way})")

    def stream(self, seconds):
        """Gbit/s that arrive. The server can be busy for a moment with the end of the stream before."""
        client = self.client.inside("iperf3", "-J", "-c", SERVER, "-t", seconds, "-O", self.omit)
        for _ in range(TRIES):
            report = json.loads(subprocess.run(client, capture_output=True, text=True, timeout=30, check=False).stdout)
            if "sum_received" in report["end"]:
                return report["end"]["sum_received"]["bits_per_second"] / 1e9
            time.sleep(1)
        raise Unavailable(f"iperf3: {report.get('error')}")


@contextlib.contextmanager
def kernel_routes():
    for bridge, address in GATEWAYS.items():
        sh("ip", "address", "add", address, "dev", bridge)
    yield
    for bridge, address in GATEWAYS.items():
        sh("ip", "address", "del", address, "dev", bridge)


def appliance_routes(way, image):
    accelerator = "process" if way == "process" else machine.accelerator()
    return background([str(harness.BUILD / "weir"), "run", image, "--tap", "lan=lan0", "--tap", "wan=wan0", "--json",
                       "--accel", accelerator], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def children(pid):
    return [int(word) for word in pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def thread_seconds(weir):
    """What the threads of THREADS of weir's QEMU have had of a processor. Its others do next to nothing."""
    (qemu,) = children(weir.pid)
    ran = {int(task.name): int((task / "schedstat").read_text().split()[0]) / 1e9
           for task in pathlib.Path(f"/proc/{qemu}/task").iterdir()}
    main = ran.pop(qemu)
    return {"main": main, "processor": max(ran.values())}


def measure(wires, way, image, seconds):
    """Gbit/s, and for a VM the shares of a core that its threads took meanwhile."""
    with kernel_routes() if way == "kernel" else appliance_routes(way, image) as running:
        for host in (wires.client, wires.server):
            sh(*host.inside("ip", "neigh", "flush", "all"))
        wires.wait_until_it_answers(way)
        before, start = thread_seconds(running) if way == "vm" else {}, time.monotonic()
        rate = wires.stream(seconds)
        after, took = thread_seconds(running) if way == "vm" else {}, time.monotonic() - start
        return rate, {thread: (after[thread] - before[thread]) / took for thread in after}


def inside(image, repeats, seconds, omit):
    """In the user namespace: prints the samples as JSON."""
    samples = {name: [] for name in (*WAYS, *THREADS)}
    try:
        with contextlib.ExitStack() as stack:
            wires = Wires(stack, omit)
            for _ in range(int(repeats)):
                for way in WAYS:
                    rate, shares = measure(wires, way, image, seconds)
                    samples[way].append(rate)
                    for thread, share in shares.items():
                        samples[thread].append(100 * share)
    except (Unavailable, OSError, ValueError, KeyError, subprocess.TimeoutExpired) as why:
        samples = {"unavailable": str(why)}
    print(json.dumps(samples))


def enter():
    """The words that start a program in new namespaces, as root there."""
    for flags in (["--user", "--map-root-user", "--net"], ["--net"]):
        if subprocess.run(["unshare", *flags, "true"], capture_output=True, check=False).returncode == 0:
            return ["unshare", *flags]
    raise Unavailable("no user namespaces, and not root")


def rows():
    missing = [tool for tool in TOOLS if not shutil.which(tool)]
    if missing:
        raise Unavailable(f"not installed: {', '.join(missing)}")
    if not os.access("/dev/net/tun", os.R_OK | os.W_OK):
        raise Unavailable("no /dev/net/tun, or no permission for it")
    image = appliance.build("tap", CONFIGURATION)
    words = [__file__, str(image), str(REPEATS), str(SECONDS), OMIT]
    samples = json.loads(harness.run_tool([*enter(), sys.executable, *words]))
    if "unavailable" in samples:
        raise Unavailable(samples["unavailable"])
    yield Row("TCP over tap, kernel forwarding", samples["kernel"], "Gbit/s")
    for way, name in (("process", "as a process"), ("vm", f"VM, {machine.accelerator()}")):
        yield Row(f"TCP over tap, {name}", samples[way], "Gbit/s")
        ratios = [ours / kernel for ours, kernel in zip(samples[way], samples["kernel"])]
        yield Row("  as a share of the kernel's", ratios, "", at_least=AT_LEAST)
    for thread, name in THREADS.items():
        yield Row(f"  {name}", samples[thread], "% of a core")


if __name__ == "__main__":
    inside(*sys.argv[1:])
