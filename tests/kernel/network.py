# SPDX-License-Identifier: Apache-2.0
"""Where both routers stand, the kernel's and Weir's: three networks, whose other ends the test owns.

    10.0.0.0/24 ── lan ┐            ┌ wan ── 192.0.2.0/24 ── gateway 192.0.2.254 ── everything else
                       ├ [ router ] ┤
                       │            └ dmz ── 172.16.0.0/24 ── 172.16.0.13 ── 172.16.8.0/24
                       └── 2001:db8:1::/64, wan 2001:db8:2::/64, dmz 2001:db8:3::/64

All hosts of a network share one MAC address, and the router knows them without asking.
"""

import dataclasses
import ipaddress


@dataclasses.dataclass(frozen=True)
class Port:
    name: str
    number: int
    prefix4: str
    prefix6: str
    hosts: tuple = (10, 11, 12, 13)

    @property
    def mac(self):
        return bytes([2, 0, 0, 0, self.number, 1])

    @property
    def far_mac(self):
        return bytes([2, 0, 0, 0, self.number, 0x10])

    @property
    def own4(self):
        return self.prefix4 + "1"

    @property
    def own6(self):
        return self.prefix6 + "1"

    def hosts4(self):
        return [f"{self.prefix4}{host}" for host in self.hosts]

    def hosts6(self):
        return [f"{self.prefix6}{host}" for host in self.hosts]


LAN = Port("lan", 1, "10.0.0.", "2001:db8:1::")
WAN = Port("wan", 2, "192.0.2.", "2001:db8:2::", (10, 11, 12, 254))
DMZ = Port("dmz", 3, "172.16.0.", "2001:db8:3::")
PORTS = (LAN, WAN, DMZ)
BY_NAME = {port.name: port for port in PORTS}

# Behind a gateway: (network, gateway's host number, port). None: the route ends here.
ROUTES = (
    ("172.16.8.0/24", DMZ, DMZ.hosts4()[3]),
    ("2001:db8:38::/48", DMZ, DMZ.hosts6()[3]),
    ("172.16.66.0/24", "blackhole", None),
    ("172.16.67.0/24", "unreachable", None),
    ("2001:db8:66::/48", "blackhole", None),
    ("2001:db8:67::/48", "unreachable", None),
)
GATEWAY4, GATEWAY6 = WAN.hosts4()[3], WAN.hosts6()[3]

# Addresses that traffic comes from and goes to, beside the hosts' own.
FAR4 = ("198.51.100.7", "198.51.100.80", "203.0.113.5", "203.0.113.130")
FAR6 = ("2001:db8:f::7", "2001:db8:f:1::80")
BEHIND4, BEHIND6 = ("172.16.8.20",), ("2001:db8:38::20",)
ENDS4, ENDS6 = ("172.16.66.1", "172.16.67.1"), ("2001:db8:66::1", "2001:db8:67::1")

OWN = {address: port for port in PORTS for address in (port.own4, port.own6)}
_networks = [(ipaddress.ip_network(f"{prefix}0/24"), port) for port in PORTS for prefix in (port.prefix4,)]
_networks += [(ipaddress.ip_network(f"{port.prefix6}/64"), port) for port in PORTS]
_networks += [(ipaddress.ip_network(to), port) for to, port, _ in ROUTES if port in PORTS]


def port_towards(address):
    """The port that leads to an address."""
    ip = ipaddress.ip_address(address)
    return next((port for network, port in _networks if ip.version == network.version and ip in network), WAN)


def packed_host(port, number):
    return ipaddress.ip_address(f"{port.prefix4}{number}").packed
