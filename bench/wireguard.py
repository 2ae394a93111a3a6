# SPDX-License-Identifier: Apache-2.0
"""A WireGuard tunnel: what it costs beside its AEAD alone, with one peer and with thousands; strangers who offer handshakes;
and how long an image takes to start that knows as many peers.

bench/wireguard.c is measured from inside an image, as a process and in a VM; what it compares is there. All peers have
sessions, and packets go to and come from any of them.
"""

import base64
import random

import appliance
import inside
import machine
from harness import BUILD, ROOT, Row

PEERS = 10_000
SIZES = [64, 1408]
RUNS, ROUNDS, BOOTS = 3, 500, 11
SLICES, SLICE_MS, RATE = 3, 500, 10_000
TARGET_BARE, TARGET_PEERS, TARGET_KEPT, TARGET_BOOT_MS = 1.2, 1.2, 0.95, 300
SMOKE = {"PEERS": 100, "RUNS": 1, "ROUNDS": 5, "BOOTS": 1, "SLICES": 1, "SLICE_MS": 20}
MEMORY_MIB = 256
SOURCES = [ROOT / "bench" / f"{name}.c" for name in ("tunnel", "wireguard")]
STRANGERS = {"knowing": "mac1 right", "guessing": "mac1 wrong"}


def key(rng):
    return base64.b64encode(rng.randbytes(32)).decode()


def address(block, number):
    return f"{block}.{number >> 8 & 255}.{number & 255}"


def configuration(peers):
    """Each peer has one address inside and one outside, all behind the same gateway."""
    rng = random.Random(4)
    return "\n".join([
        "name: bench-wireguard", "ports:",
        '  lan: { addresses: [10.255.0.1/24], mac: "' + appliance.MACS[0] + '", neighbours: { 10.255.0.2: "02:00:00:00:02:01" } }',
        '  wan: { addresses: [192.0.2.1/24], mac: "' + appliance.MACS[1] + '", gateway: 192.0.2.254, '
        'neighbours: { 192.0.2.254: "02:00:00:00:02:02" } }',
        "chain: [router, vpn]", "vpn:", "  wg0:", "    addresses: [10.8.0.1/24]", "    wireguard:",
        "      private-key: wireguard.key", "      listen: 51820", "      peers:",
        *[f'        peer{number}: {{ public-key: "{key(rng)}", allowed: [{address("10.64", number)}/32], '
          f'endpoint: "{address("100.64", number)}:51821" }}' for number in range(peers)]]) + "\n"


def build(peers):
    path = BUILD / "bench" / "wireguard.key"
    path.write_text(key(random.Random(5)) + "\n")
    path.chmod(0o600)
    return inside.build("wireguard", configuration(peers), f"wireguard-{peers}", SOURCES)


def in_vm(image, words):
    return inside.run_vm(image, words, memory_mib=MEMORY_MIB)


def worlds():
    return {"process": inside.run_process} | ({"VM": in_vm} if machine.accelerator() == "kvm" else {})


def column(runs, name):
    return [run[name][0] for run in runs]


def ratios(runs, name, others, other):
    return [one / two for one, two in zip(column(runs, name), column(others, other))]


def size_rows(world, few, many, size):
    """Runs of one peer and of many took turns."""
    big = size == SIZES[-1]
    for what, said in (("seal", "seal + send"), ("open", "receive + open")):
        name = f"{what}-{size}"
        yield Row(f"{said}, {size} bytes, {world}", column(few, name), "cycles/packet")
        yield Row("  the AEAD alone", column(few, f"bare-{name}"), "cycles/packet")
        yield Row("  as a multiple of that", ratios(few, name, few, f"bare-{name}"), "times",
                  at_most=TARGET_BARE if big else None)
        yield Row(f"  {PEERS:,} peers / 1", ratios(many, name, few, name), "times", at_most=TARGET_PEERS)
        if big:
            speed = [run["tsc_hz"][0] / run[name][0] * size * 8 / 1e9 for run in few]
            yield Row("  that is, packets inside", speed, "Gbit/s a core")


def stranger_rows(world, run, image):
    """Slices took turns: each compares with its neighbour without strangers."""
    found = run(image, f"rounds=0 slices={SLICES} slice={SLICE_MS} rate={RATE} seed=0")

    def samples(kind):
        return [found[f"{kind}-{number}"][0] for number in range(SLICES)]

    yield Row(f"tunnel, both ways, {world}", [each / 1e6 for each in samples("nobody")], "million/s")
    for kind, said in STRANGERS.items():
        kept = [disturbed / alone for disturbed, alone in zip(samples(kind), samples("nobody"))]
        yield Row(f"  share, {RATE:,}/s, {said}", kept, "", at_least=TARGET_KEPT)


def boot_once(image):
    with machine.Machine(image, memory_mib=MEMORY_MIB, cards=appliance.idle_cards()) as vm:
        ready = vm.wait_state(machine.READY, 60)
        return (ready - vm.started) * 1000


def boot_rows():
    image = appliance.build("wireguard-boot", configuration(PEERS))
    kvm = machine.accelerator() == "kvm"
    yield Row(f"boot to READY, {PEERS:,} peers", [boot_once(image) for _ in range(BOOTS)], "ms",
              at_most=TARGET_BOOT_MS if kvm else None)


def rows():
    few, many = build(1), build(PEERS)
    for world, run in worlds().items():
        words = f"rounds={ROUNDS} seed=0"
        pairs = [(run(few, words), run(many, words)) for _ in range(RUNS)]
        for size in SIZES:
            yield from size_rows(world, [one for one, _ in pairs], [other for _, other in pairs], size)
        yield from stranger_rows(world, run, few)
    yield from boot_rows()
