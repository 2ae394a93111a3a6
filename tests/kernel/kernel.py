# SPDX-License-Identifier: Apache-2.0
"""The kernel's side: a router in a network namespace, with nftables, between three links whose other ends are here.

The namespace has no name: a file descriptor holds it, and it goes with this process. Far ends are packet sockets on veth
interfaces without addresses. All is done on one processor, where the kernel passes packets on in the order in which they
were sent; so when an ARP request that is sent after a packet is answered, all that comes of the packet is here.
"""

import contextlib
import ctypes
import fcntl
import json
import os
import pathlib
import socket
import struct
import subprocess

import network

CLONE_NEWNET = 0x40000000
ETH_P_ALL, SOL_PACKET, PACKET_IGNORE_OUTGOING = 3, 263, 23
SIOCETHTOOL, ETHTOOL_STXCSUM = 0x8946, 0x17
ANSWER_SECONDS = 5
ARP_TYPE = b"\x08\x06"

SETTINGS = {
    "net/ipv4/ip_forward": 1,
    "net/ipv6/conf/all/forwarding": 1,
    "net/ipv4/icmp_ratemask": 0,
    "net/ipv4/icmp_errors_use_inbound_ifaddr": 1,
    "net/ipv6/icmp/ratelimit": 0,
    "net/ipv6/icmp/ratemask": "",
    "net/netfilter/nf_conntrack_tcp_loose": 0,
    "net/netfilter/nf_conntrack_tcp_be_liberal": 0,
    "net/netfilter/nf_conntrack_checksum": 1,
}
PORT_SETTINGS = {
    "net/ipv4/conf/{}/rp_filter": 0,
    "net/ipv4/conf/{}/accept_source_route": 0,
    "net/ipv4/conf/{}/send_redirects": 0,
    "net/ipv4/conf/{}/accept_redirects": 0,
    "net/ipv4/conf/{}/drop_unicast_in_l2_multicast": 1,
    "net/ipv6/conf/{}/accept_dad": 0,
    "net/ipv6/conf/{}/accept_redirects": 0,
    "net/ipv6/conf/{}/accept_ra": 0,
}

# How long things are remembered does not depend on how fast the test is: longer than it runs.
LONG_SECONDS = 600
TIMEOUTS = ("net/netfilter/nf_conntrack_*timeout*", "net/ipv4/ipfrag_time", "net/ipv6/ip6frag_time")
NO_NEIGHBOUR = "net/{}/neigh/*/retrans_time_ms"  # nor does the kernel say of hosts in between that they don't answer

libc = ctypes.CDLL(None, use_errno=True)


class Broken(Exception):
    """The kernel, or a tool, did not do what it was asked to."""


class Busy(Exception):
    """Packets got lost on their way, because other programs fill the kernel's queues."""


def lost_packets():
    """How many the kernel has dropped for that, all processors and namespaces together."""
    with open("/proc/net/softnet_stat", encoding="ascii") as file:
        return sum(int(line.split()[1], 16) for line in file)


def call(what, *arguments):
    if getattr(libc, what)(*arguments):
        number = ctypes.get_errno()
        raise Broken(f"{what}: {os.strerror(number)}")


def run(*words, text=None):
    done = subprocess.run(words, input=text, capture_output=True, text=True, timeout=60, check=False)
    if done.returncode:
        raise Broken(f"{' '.join(words)}: exit status {done.returncode}\n{done.stderr}")
    return done.stdout


def set_value(name, value):
    with open(f"/proc/sys/{name}", "w", encoding="ascii") as file:
        file.write(f"{value}\n")


def lengthen_timeouts():
    for pattern, unit in [(pattern, 1) for pattern in TIMEOUTS] + [(NO_NEIGHBOUR.format(family), 1000) for family in ("ipv4", "ipv6")]:
        for path in pathlib.Path("/proc/sys").glob(pattern):
            set_value(path.relative_to("/proc/sys"), LONG_SECONDS * unit)


def complete_checksums(interface):
    """The kernel sums what it sends, instead of leaving it to a device that there isn't."""
    value = ctypes.create_string_buffer(struct.pack("II", ETHTOOL_STXCSUM, 0))
    request = struct.pack("16sP", interface.encode(), ctypes.addressof(value))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        fcntl.ioctl(any_socket, SIOCETHTOOL, request)


def arp_request(port):
    """From a host that is not among the router's neighbours' addresses, so that it learns nothing."""
    sender = network.packed_host(port, 250)
    return b"\xff" * 6 + port.far_mac + ARP_TYPE + struct.pack("!HHBBH", 1, 0x0800, 6, 4, 1) + \
        port.far_mac + sender + bytes(6) + network.packed_host(port, 1)


class Router:
    """One rule set's router; fresh, so that nothing is left of other packets."""

    def __init__(self, ruleset):
        with contextlib.ExitStack() as stack:
            self.outside = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
            stack.callback(os.close, self.outside)
            self.namespace = self.make_namespace()
            stack.callback(os.close, self.namespace)
            stack.callback(self.unlink)
            self.link()
            self.wire = stack.enter_context(socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL)))
            self.wire.setsockopt(SOL_PACKET, PACKET_IGNORE_OUTGOING, 1)
            self.wire.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
            self.wire.settimeout(ANSWER_SECONDS)
            self.barriers = {port.name: arp_request(port) for port in network.PORTS}
            with self.inside():
                run("nft", "-f", "-", text=ruleset)
            self.stack = stack.pop_all()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stack.close()

    def make_namespace(self):
        call("unshare", CLONE_NEWNET)
        made = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
        call("setns", self.outside, CLONE_NEWNET)
        return made

    @contextlib.contextmanager
    def inside(self):
        call("setns", self.namespace, CLONE_NEWNET)
        try:
            yield
        finally:
            call("setns", self.outside, CLONE_NEWNET)

    def link(self):
        set_value("net/ipv6/conf/default/disable_ipv6", 1)  # of the far ends
        lines = []
        for port in network.PORTS:
            far = ":".join(f"{byte:02x}" for byte in port.far_mac)
            near = ":".join(f"{byte:02x}" for byte in port.mac)
            lines += [f"link add far-{port.name} address {far} type veth peer name {port.name} address {near}",
                      f"link set {port.name} netns /proc/{os.getpid()}/fd/{self.namespace}",
                      f"link set far-{port.name} up"]
        run("ip", "-batch", "-", text="\n".join(lines))
        with self.inside():
            for name, value in SETTINGS.items():
                set_value(name, value)
            for name, value in PORT_SETTINGS.items():
                for port in ("all", "default", *(port.name for port in network.PORTS)):
                    set_value(name.format(port), value)
            lengthen_timeouts()
            run("ip", "-batch", "-", text="\n".join(self.inner_lines()))
            for port in network.PORTS:
                complete_checksums(port.name)

    @staticmethod
    def inner_lines():
        yield "link set lo up"
        for port in network.PORTS:
            mac = ":".join(f"{byte:02x}" for byte in port.far_mac)
            yield f"link set {port.name} addrgenmode none"
            yield f"link set {port.name} up"
            yield f"address add {port.own4}/24 dev {port.name}"
            yield f"address add {port.own6}/64 dev {port.name} nodad"
            for host in port.hosts4() + port.hosts6():
                yield f"neighbour add {host} lladdr {mac} dev {port.name} nud permanent"
        yield f"route add default via {network.GATEWAY4}"
        yield f"route add default via {network.GATEWAY6}"
        for to, port, via in network.ROUTES:
            yield f"route add {to} via {via}" if via else f"route add {port} {to}"

    def send(self, name, frame):
        """Sends a frame to a port. Returns what comes of it: [(port's name, frame)]."""
        self.wire.sendto(frame, (f"far-{name}", 0))
        self.wire.sendto(self.barriers[name], (f"far-{name}", 0))
        left = []
        while True:
            try:
                data, address = self.wire.recvfrom(65536)
            except TimeoutError as late:
                raise Busy(f"no answer to ARP on {name}") from late
            if data[12:14] == ARP_TYPE and address[0] == f"far-{name}" and data[20:22] == b"\0\2":
                return left
            left.append((address[0].removeprefix("far-"), data))

    def counters(self):
        """{rule's name: packets}."""
        with self.inside():
            listed = json.loads(run("nft", "-j", "list", "counters"))["nftables"]
        return {one["counter"]["name"]: one["counter"]["packets"] for one in listed if "counter" in one}

    @staticmethod
    def unlink():
        """Not left to the end of the namespace, which comes some time later."""
        for port in network.PORTS:
            subprocess.run(["ip", "link", "delete", f"far-{port.name}"], capture_output=True, check=False)
