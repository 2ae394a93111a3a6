# SPDX-License-Identifier: Apache-2.0
"""A gateway with WireGuard tunnels, between lan0 and wan0: what it is configured to, the image made of that, and wireguard-go
in its place, to see that the tests ask for what WireGuard does.

Each peer is an End here: what the gateway knows of it."""

import contextlib
import dataclasses
import pathlib
import sys

from appliance import ROOT, Appliance, build_image
from hosts import Failed, Host, wait_until

sys.path.insert(0, str(ROOT / "tests/wireguard"))

import naive
import tunnel
import vectors

LAN4, LAN6, CLIENT4, CLIENT6 = "10.0.0.1", "2001:db8:1::1", "10.0.0.10", "2001:db8:1::10"
WAN4, WAN6, PROVIDER4 = "192.0.2.1", "2001:db8:2::1", "192.0.2.66"
COUNTED_SECONDS = 15  # until counters say what happened: they come once a second


@dataclasses.dataclass(frozen=True)
class Net:
    """A tunnel of the gateway."""

    device: str
    number: int
    mtu: int

    @property
    def port(self):
        return 51820 + self.number

    @property
    def private(self):
        return vectors.private_key(f"gateway {self.device}")

    @property
    def public(self):
        return naive.public_key(self.private)

    def inside(self, host):
        return f"10.8.{self.number}.{host}", f"fd00:8:{self.number}::{host}"


@dataclasses.dataclass(frozen=True)
class End:
    """A peer: number 10 and up, also within its addresses."""

    number: int
    net: Net
    ipv6: bool = False  # outside
    secret: bool = False  # has a preshared key
    called: bool = True  # the gateway knows the endpoint, and may begin
    keepalive: int = 0

    @property
    def name(self):
        return f"peer{self.number}"

    @property
    def private(self):
        return vectors.private_key(self.name)

    @property
    def public(self):
        return naive.public_key(self.private)

    @property
    def psk(self):
        return vectors.fixed(f"{self.name} psk") if self.secret else naive.NO_PSK

    @property
    def port(self):
        return 40000 + self.number

    @property
    def outside(self):
        """Both addresses, of which the tunnel uses one."""
        return f"192.0.2.{self.number}", f"2001:db8:2::{self.number}"

    @property
    def endpoint(self):
        return f"[{self.outside[1]}]:{self.port}" if self.ipv6 else f"{self.outside[0]}:{self.port}"

    @property
    def gateway(self):
        """The gateway's endpoint."""
        return (WAN6 if self.ipv6 else WAN4), self.net.port

    @property
    def inside(self):
        return self.net.inside(self.number)

    def yaml(self, folder):
        words = [f"public-key: {tunnel.text(self.public)}", f"allowed: [{self.inside[0]}/32, \"{self.inside[1]}/128\"]"]
        if self.secret:
            words.append(f"preshared-key: {key_file(folder, self.name, self.psk)}")
        if self.called:
            words.append(f'endpoint: "{self.endpoint}"')
        if self.keepalive:
            words.append(f"keepalive: {self.keepalive}")
        return f"        {self.name}: {{ {', '.join(words)} }}\n"


def key_file(folder, name, key):
    """Its name; the configuration is beside it."""
    path = folder / f"{name}.key"
    path.write_text(tunnel.text(key) + "\n", encoding="ascii")
    path.chmod(0o600)
    return path.name


CONFIGURATION = """\
name: vpn
ports:
  lan: {{ addresses: [{LAN4}/24, "{LAN6}/64"] }}
  wan: {{ addresses: [{WAN4}/24, "{WAN6}/64"], gateway: {PROVIDER4} }}
vpn:
{tunnels}\
chain: [firewall, router, vpn]
firewall:
  default: drop
  rules:
    - {{ accept: [established, related] }}
    - {{ accept: new, from: lan, to: [{devices}], name: in }}
    - {{ accept: new, from: [{devices}], to: lan, name: out }}
    - {{ accept: new, from: [{devices}], to: [{devices}], name: across }}
    - {{ accept: new, to: self, proto: icmp, icmp: echo-request, name: ping }}
    - {{ accept: new, to: self, proto: icmpv6, icmp: echo-request, name: ping6 }}
"""


def nets_of(ends):
    return list(dict.fromkeys(end.net for end in ends))


def tunnel_yaml(net, ends, folder):
    here4, here6 = net.inside(1)
    head = (f"  {net.device}:\n    addresses: [{here4}/24, \"{here6}/64\"]\n    mtu: {net.mtu}\n    wireguard:\n"
            f"      private-key: {key_file(folder, net.device, net.private)}\n      listen: {net.port}\n      peers:\n")
    return head + "".join(end.yaml(folder) for end in ends if end.net == net)


def write_configuration(folder, ends):
    folder.mkdir(parents=True, exist_ok=True)
    nets = nets_of(ends)
    path = folder / "vpn.yaml"
    path.write_text(CONFIGURATION.format(
        LAN4=LAN4, LAN6=LAN6, WAN4=WAN4, WAN6=WAN6, PROVIDER4=PROVIDER4, devices=", ".join(net.device for net in nets),
        tunnels="".join(tunnel_yaml(net, ends, folder) for net in nets)), encoding="ascii")
    return path


class Weir:
    """The gateway as an image that runs."""

    is_weir = True

    def __init__(self, image, options, folder, taps=("lan=lan0", "wan=wan0"), address=LAN4):
        """`address` is what the client can ping."""
        self.image, self.options, self.folder, self.taps, self.address = image, options, folder, taps, address
        self.appliance = self.life = None

    @property
    def is_emulated(self):
        """A VM without /dev/kvm: much slower than a process."""
        kvm = pathlib.Path("/dev/kvm")
        return "process" not in self.options and not (kvm.exists() and kvm.is_char_device())

    def start(self, client):
        self.folder.mkdir(parents=True, exist_ok=True)
        self.life = contextlib.ExitStack()
        self.appliance = Appliance(self.image, self.options, self.folder, self.life, self.taps)
        self.appliance.wait_until_it_answers(client, self.address)
        return True

    def end(self):
        """Its last report."""
        with self.life:
            return self.appliance.end()

    def close(self):
        if self.life:
            self.life.close()

    def dropped(self, names=()):
        """{reason: packets} of these and of WireGuard's own reasons, until now."""
        reports = self.appliance.reports()
        counts = reports[-1]["dropped"] if reports else {}
        return {name: count for name, count in counts.items() if name in names or name.startswith("wg-")}

    @contextlib.contextmanager
    def drops(self, count, *names):
        """So many messages more end as one of these, none as another of WireGuard's."""
        self.settle()
        before = self.dropped(names)
        yield
        grown = lambda: {name: now - before.get(name, 0) for name, now in self.dropped(names).items() if now != before.get(name, 0)}
        try:
            wait_until(lambda: sum(grown().values()) >= count, f"{count} messages dropped", COUNTED_SECONDS)
        except Failed:
            pass
        self.settle()
        if sum(grown().values()) != count or set(grown()) - set(names):
            raise Failed(f"{count} messages should be dropped as {' or '.join(names)}; dropped are {grown()}")

    def settle(self):
        """The reports know all that was before this."""
        seen = len(self.appliance.reports())
        wait_until(lambda: len(self.appliance.reports()) > seen + 1, "reports", COUNTED_SECONDS)


class Go:
    """wireguard-go in Weir's place. It has no counters: what Weir must count, it is not asked for."""

    is_weir = is_emulated = False

    def __init__(self, ends, folder, stack):
        self.ends, self.host, self.tunnels = ends, Host("gateway", stack), []
        for device, bridge in (("eth0", "br-lan"), ("eth1", "br-wan")):
            self.host.attach(bridge, device=device)
        self.host.address(f"{LAN4}/24", f"{LAN6}/64", device="eth0")
        self.host.address(f"{WAN4}/24", f"{WAN6}/64", device="eth1")
        self.host.gateways(PROVIDER4)
        self.host.set("net.ipv4.ip_forward", 1)
        self.host.set("net.ipv6.conf.all.forwarding", 1)
        for net in nets_of(ends):
            self.tunnels.append((net, tunnel.Tunnel(self.host, folder, net.private, stack, net.port, device=net.device)))

    def start(self, _client):
        for net, end in self.tunnels:
            here4, here6 = net.inside(1)
            end.start(f"{here4}/24", f"{here6}/64", mtu=net.mtu)
            for peer in self.ends:
                if peer.net == net:
                    end.peer(peer.public, f"{peer.inside[0]}/32", f"{peer.inside[1]}/128", psk=peer.psk if peer.secret else None,
                             endpoint=peer.endpoint if peer.called else None, keepalive=peer.keepalive)
        return True

    def end(self):
        for _, end in self.tunnels:
            end.end()

    close = end

    @contextlib.contextmanager
    def drops(self, _count, *_names):
        yield



def build(folder, ends):
    return build_image("vpn", folder, write_configuration(folder, ends))


def gateways(tap, folder, ends, stack, with_go):
    """(name, gateway): a VM and a process, or wireguard-go alone."""
    if with_go:
        yield "wireguard-go", Go(ends, folder / "go", stack)
    elif image := tap.tell("the image is built", lambda: build(folder, ends)):
        yield "vm", Weir(image, [], folder / "vm")
        yield "process", Weir(image, ["--accel", "process"], folder / "process")
