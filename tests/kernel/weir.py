# SPDX-License-Identifier: Apache-2.0
"""Weir's side: a rule set as its configuration, an image of that, and packets through `weir replay`."""

import json
import pathlib
import struct
import subprocess

import network
import rules
import wire

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
WEIR = ROOT / "build/weir"
NANOSECONDS_PCAP = 0xA1B23C4D
BEGIN_NS = 1_700_000_000_000_000_000
STEP_NS = 1_000_000  # between packets that do not come in one burst
FLAG_NAMES = {wire.FIN: "fin", wire.SYN: "syn", wire.RST: "rst", wire.PSH: "psh", wire.ACK: "ack", wire.URG: "urg"}
PROTOCOL_NAMES = {wire.TCP: "tcp", wire.UDP: "udp", wire.ICMP: "icmp", wire.ICMP6: "icmpv6", wire.SCTP: "sctp",
                  wire.ESP: "esp", wire.GRE: "gre", wire.OSPF: "ospf"}


class Broken(Exception):
    """The run itself failed; the text says how."""


def listed(items):
    items = list(items)
    return items[0] if len(items) == 1 else f"[{', '.join(items)}]"


def quoted(text):
    return f'"{text}"' if ":" in text or text.startswith(("@", "!")) else text


def span(low, high):
    return str(low) if low == high else f"{low}-{high}"


def mac(address):
    return '"' + ":".join(f"{byte:02x}" for byte in address) + '"'


def port_line(port):
    hosts = ", ".join(f"{quoted(host)}: {mac(port.far_mac)}" for host in port.hosts4() + port.hosts6())
    gateways = f", gateway: [{network.GATEWAY4}, {quoted(network.GATEWAY6)}]" if port is network.WAN else ""
    return (f'  {port.name}: {{ addresses: [{port.own4}/24, "{port.own6}/64"], mac: {mac(port.mac)}{gateways}, '
            f"neighbours: {{ {hosts} }} }}")


def icmp_type(kind, code):
    return str(kind) if code is None else f"{kind}/{code}"


def rule_line(rule):
    words = [f"{rule.action}: {listed(rule.states) if rule.states else 'any'}"]
    rows = (
        ("from", rule.come), ("to", rule.go), ("proto", [PROTOCOL_NAMES[one] for one in rule.protocols]),
        ("source", map(quoted, rule.sources or ([f"@{rule.source_set}"] if rule.source_set else []))),
        ("destination", map(quoted, rule.destinations or ([f"@{rule.destination_set}"] if rule.destination_set else []))),
        ("port", [span(*one) for one in rule.ports]), ("source-port", [span(*one) for one in rule.source_ports]),
        ("icmp", [icmp_type(*one) for one in rule.icmp]), ("icmpv6", [icmp_type(*one) for one in rule.icmp6]),
        ("flags", [quoted(("" if there else "!") + FLAG_NAMES[bit]) for bit, there in rule.flags]),
        ("dscp", map(str, rule.dscps)),
    )
    words += [f"{key}: {listed(values)}" for key, values in ((key, list(values)) for key, values in rows) if values]
    if rule.action == rules.LIMIT:
        words.append(f"rate: 1/h, burst: {rule.burst}")
    elif rule.burst:
        words.append(f"limit: {{ rate: 1/h, burst: {rule.burst} }}")
    if rule.log:
        words.append("log: true")
    return f"    - {{ {', '.join(words)}, name: {rule.name} }}"


def nat_lines(nat):
    lines = ["nat:"]
    sources = [f"{{ out: wan, destination: {where}, keep: true }}" for where in nat.keep]
    if nat.pool:
        sources.append(f"{{ out: wan, source: {nat.pool[0]}, to: {nat.pool[1]} }}")
    forwards = [f'{{ port: wan, proto: {PROTOCOL_NAMES[one.protocol]}, listen: {span(*one.listen)}, '
                f'to: "{one.to}:{one.to_port}" }}' for one in nat.forwards]
    static = [f"{{ port: wan, external: {external}, internal: {internal} }}" for external, internal in nat.static]
    rows = (("source", sources), ("masquerade", ["wan"] * nat.masquerade4), ("masquerade6", ["wan"] * nat.masquerade6),
            ("forward", forwards), ("one-to-one", static))
    return lines + [f"  {key}: [{', '.join(values)}]" for key, values in rows if values]


def configuration(rule_set):
    """The rule set as YAML."""
    lines = ["name: differential", "memory: 96M", "ports:", *map(port_line, network.PORTS)]
    lines += [f"chain: [firewall, {'nat, ' if rule_set.nat else ''}router]"]
    if rule_set.stateful:
        lines += ["flows: 8192"]
    lines += ["firewall:", f"  default: {rule_set.default}"]
    if rule_set.sets:
        sets = ", ".join(f"{name}: [{', '.join(map(quoted, nets))}]" for name, nets in rule_set.sets.items())
        lines += [f"  sets: {{ {sets} }}"]
    lines += ["  rules:", *map(rule_line, rule_set.rules)]
    if rule_set.nat:
        lines += nat_lines(rule_set.nat)
    routes = ", ".join(f"{{ to: {quoted(to)}, via: {quoted(via)} }}" if via else f"{{ to: {quoted(to)}, kind: {port} }}"
                       for to, port, via in network.ROUTES)
    return "\n".join([*lines, f"router: {{ icmp-errors: 10000/s, routes: [{routes}] }}", "log: 10000/s", ""])


def build(yaml, image):
    """Builds an image of a configuration's file. Raises Broken, or returns what the compiler remarked."""
    done = subprocess.run([WEIR, "build", yaml, "-o", image], capture_output=True, text=True, errors="replace",
                          timeout=120, check=False)
    if done.returncode:
        raise Broken(f"weir build {yaml}: exit status {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stderr


def write_capture(path, frames):
    with open(path, "wb") as out:
        out.write(struct.pack("<IHHiIII", NANOSECONDS_PCAP, 2, 4, 0, 0, 65535, 1))
        for time_ns, frame in frames:
            out.write(struct.pack("<IIII", *divmod(time_ns, 1_000_000_000), len(frame), len(frame)) + frame)


def read_capture(path):
    data, at, frames = pathlib.Path(path).read_bytes(), 24, []
    while at + 16 <= len(data):
        seconds, rest, length, _ = struct.unpack_from("<IIII", data, at)
        frames.append((seconds * 1_000_000_000 + rest, data[at + 16 : at + 16 + length]))
        at += 16 + length
    return frames


def replay(image, frames, folder, accel="process"):
    """Sends [(time, port's name, frame)] through an image. Returns [(time, port's name, frame)] that left, and the report."""
    folder.mkdir(parents=True, exist_ok=True)
    command = [WEIR, "replay", image, "--seed", "1", "--json", "--accel", accel]
    for port in network.PORTS:
        write_capture(folder / f"{port.name}.pcap", [(time, frame) for time, where, frame in frames if where == port.name])
        command += ["--in", f"{port.name}={folder}/{port.name}.pcap", "--out", f"{port.name}={folder}/to-{port.name}.pcap"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, errors="replace", timeout=120, check=False)
    except subprocess.TimeoutExpired as late:
        raise Broken(f"weir replay {image}: not done after 120 seconds") from late
    if done.returncode:
        raise Broken(f"weir replay {image}: exit status {done.returncode}\n{done.stdout[-500:]}{done.stderr[-3000:]}")
    left = [(time, port.name, frame) for port in network.PORTS for time, frame in read_capture(folder / f"to-{port.name}.pcap")]
    return sorted(left, key=lambda row: row[0]), json.loads(done.stdout)
