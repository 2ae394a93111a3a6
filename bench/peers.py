# SPDX-License-Identifier: Apache-2.0
"""What a person would use instead of Weir, between the same rings: contexts that take the generator's two sockets, and
forward from one to the other while the block runs. All of a peer's work is on one core, as Weir's is. (Another peer, which
does no such work, is in testpmd.py.)"""

import contextlib
import os
import pathlib
import shlex
import shutil
import signal
import subprocess
import tempfile
import time

import harness
import testpmd
import work as works
from harness import Unavailable, run_tool

START_SECONDS, END_SECONDS = 30, 10
EAL = ["--no-huge", "--no-pci", "--no-telemetry", "--no-shconf"]
OVS = pathlib.Path("/usr/lib/openvswitch-switch-dpdk/ovs-vswitchd-dpdk")
OVS_SCHEMA = "/usr/share/openvswitch/vswitch.ovsschema"
RING = 1024


def need(package, *programs):
    for program in programs:
        if not shutil.which(str(program)):
            raise Unavailable(f"{pathlib.Path(program).name} is not installed (package {package})")


def wait_until(condition, what, process):
    end = time.monotonic() + START_SECONDS
    while not condition():
        if time.monotonic() > end or process.poll() is not None:
            raise Unavailable(f"{what} did not start")
        time.sleep(0.05)


@contextlib.contextmanager
def background(command, log, **options):
    """A process that ends with the block. What it says goes to a file."""
    with open(log, "wb") as output:
        process = subprocess.Popen([str(word) for word in command], stdout=output, stderr=subprocess.STDOUT,
                                   **{"stdin": subprocess.DEVNULL} | options)
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def front_ends(sockets):
    """DPDK's devices at the driver's end of the sockets."""
    return [testpmd.virtio_user(slot, socket, more=f",mac={mac}") for slot, (socket, mac) in enumerate(zip(sockets, works.MACS))]


@contextlib.contextmanager
def folder():
    with tempfile.TemporaryDirectory(prefix="weir-peer-") as name:
        yield pathlib.Path(name)


@contextlib.contextmanager
def open_vswitch(sockets, core, work):
    """Open vSwitch's userspace datapath: conntrack with NAT, one thread that polls."""
    need("openvswitch-switch-dpdk", OVS, "ovsdb-tool", "ovsdb-server", "ovs-vsctl", "ovs-ofctl")
    with folder() as place, contextlib.ExitStack() as stack:
        environment = os.environ | {name: str(place) for name in ("OVS_RUNDIR", "OVS_LOGDIR", "OVS_DBDIR", "OVS_SYSCONFDIR")}
        database = place / "db.sock"
        run_tool(["ovsdb-tool", "create", str(place / "conf.db"), OVS_SCHEMA], env=environment)
        server = stack.enter_context(background(["ovsdb-server", place / "conf.db", f"--remote=punix:{database}",
                                                 f"--unixctl={place}/server.ctl"], place / "server.log", env=environment))
        wait_until(database.exists, "ovsdb-server", server)

        told = []

        def vsctl(*words):
            told.append(shlex.join(["ovs-vsctl", *words]))
            run_tool(["ovs-vsctl", f"--db=unix:{database}", "--timeout=20", *words], env=environment)

        spare = min(os.sched_getaffinity(0) - {core}, default=core)
        vsctl("--no-wait", "init")
        vsctl("--no-wait", "set", "Open_vSwitch", ".", "other_config:dpdk-init=true",
              f"other_config:pmd-cpu-mask={1 << core:#x}", f"other_config:dpdk-lcore-mask={1 << spare:#x}",
              f'other_config:dpdk-extra="{" ".join(EAL)} --legacy-mem -m 1024"')
        switch = stack.enter_context(background([OVS, f"unix:{database}", f"--unixctl={place}/switch.ctl"], place / "switch.log",
                                                env=environment))
        vsctl("add-br", "br0", "--", "set", "Bridge", "br0", "datapath_type=netdev", "fail-mode=secure")
        for slot, device in enumerate(front_ends(sockets)):
            vsctl("add-port", "br0", f"p{slot}", "--", "set", "Interface", f"p{slot}", "type=dpdk",
                  f'options:dpdk-devargs="{device}"', f"ofport_request={slot + 1}", f"options:n_rxq_desc={RING}",
                  f"options:n_txq_desc={RING}")
        (place / "flows").write_text(works.open_vswitch(work))
        harness.note("Open vSwitch", "commands", "\n".join(told + ["ovs-ofctl add-flows br0 open-vswitch.flows"]) + "\n")
        harness.note("Open vSwitch", "flows", works.open_vswitch(work))
        run_tool(["ovs-ofctl", "-O", "OpenFlow13,OpenFlow15", "add-flows", f"unix:{place}/br0.mgmt", str(place / "flows")],
                 env=environment)
        if switch.poll() is not None:
            raise Unavailable("ovs-vswitchd ended")
        yield switch


KERNEL = """\
set -e
for one in ipv4/ip_forward ipv6/conf/all/disable_ipv6 ipv6/conf/default/disable_ipv6; do echo 1 >/proc/sys/net/$one; done
ip link add lan address {macs[0]} type veth peer name lan-wire
ip link add wan address {macs[1]} type veth peer name wan-wire
for one in lan lan-wire wan wan-wire; do ip link set $one up; done
ip address add {lan} dev lan
ip address add {wan} dev wan
ip -batch {place}/routes
nft -f {place}/rules
exec {relay}
"""


def new_network():
    """Words that start a program as root of a network of its own."""
    for flags in (["--net"], ["--user", "--map-root-user", "--net"]):
        if subprocess.run(["unshare", *flags, "true"], capture_output=True, check=False).returncode == 0:
            return ["unshare", *flags]
    raise Unavailable("no user namespaces, and not root")


@contextlib.contextmanager
def kernel(sockets, core, work):
    """Linux's own forwarding between two veth pairs, with nftables. A vhost-user socket is nothing that a kernel drives:
    dpdk-testpmd carries frames between the rings and the far ends of the pairs (packet(7), mapped), on the same core."""
    need("dpdk-dev", testpmd.PROGRAM)
    need("nftables", "nft")
    wires = [f"net_af_packet{slot},iface={wire},framesz=2048,framecnt=1024,blocksz=65536,qdisc_bypass=1"
             for slot, wire in enumerate(("lan-wire", "wan-wire"))]
    rings = front_ends(sockets)
    relay = testpmd.command([rings[0], wires[0], rings[1], wires[1]], "io", core)
    with folder() as place:
        (place / "rules").write_text(works.nftables(work))
        (place / "routes").write_text(works.ip_batch(work))
        (place / "up").write_text(KERNEL.format(macs=works.MACS, lan=works.LAN, wan=works.WAN, place=place,
                                                relay=shlex.join(relay)))
        for name, suffix in (("up", "sh"), ("rules", "nft"), ("routes", "routes")):
            harness.note("kernel", suffix, (place / name).read_text())
        with background([*new_network(), "sh", place / "up"], place / "log", stdin=subprocess.PIPE) as process:
            process.stdin.write(b"start\n")
            process.stdin.flush()
            yield process
        testpmd.forget()
