# SPDX-License-Identifier: Apache-2.0
"""Throughput and latency of an appliance in a VM, as RFC 2544 has them: bench/generator on one core, the VM on another,
vhost-user rings between them."""

import contextlib
import time

import machine
import search
import traffic
from harness import Row, Unavailable
import appliance

CONFIGURATION = """\
name: bench-forward
ports:
  lan: { addresses: [10.0.0.1/16, "fd00:1::1/64"] }
  wan: { addresses: [198.18.0.1/16, "fd00:2::1/64"] }
chain: [firewall, router]
firewall:
  default: drop
  rules:
    - { accept: any, from: lan, to: wan }
    - { accept: any, from: wan, to: lan, proto: udp, source-port: 5001 }
router: {}
"""
SECONDS, REPEATS = 0.5, 3
SIZES = {"64 bytes": 64, "IMIX": "imix", "1518 bytes": 1518}
MEMORY_MIB = 64
WARM_SECONDS = 30


@contextlib.contextmanager
def link(image, packed=True, model=None, memory_mib=MEMORY_MIB, entries=1024, **words):
    """A generator and a VM with two ports between its sides, each on a core of its own. Gives both."""
    with traffic.Generator(a_gateway=appliance.MACS[0], b_gateway=appliance.MACS[1], **words) as generator:
        cards = machine.vhost_user_cards(generator.sockets, appliance.MACS, packed=packed, entries=entries)
        with machine.Machine(image, memory_mib=memory_mib, cards=cards, model=model) as vm:
            vm.pin(traffic.cores()[0])
            vm.wait_state(machine.READY, 60)
            yield generator, vm


def warm(generator, family=4, direction="both"):
    """Waits until a trial loses nothing: the peer has filled its rings, and knows its neighbours. A ring can be there
    long before its owner polls it. `direction`: of an appliance that lets no answers through."""
    end = time.monotonic() + WARM_SECONDS
    while time.monotonic() < end:
        try:
            result = generator.trial(packets=32, rate=10000, family=family, direction=direction)
        except Unavailable as why:
            wrong = str(why)
        else:
            if result["lost"] == 0:
                return
            wrong = f"{result['lost']} of {result['offered']} frames were lost"
        time.sleep(0.05)
    raise Unavailable(f"what is tested does not forward: {wrong}")


def measure(generator, repeats=REPEATS, seconds=SECONDS, tolerance=0.0, **words):
    """`repeats` searches, and latencies under the median's rate."""
    def trial(rate):
        return generator.trial(rate=rate, seconds=seconds, **words)

    warm(generator, words.get("family", 4))
    found = [search.throughput(trial, tolerance=tolerance) for _ in range(repeats)]
    median = sorted(found, key=lambda one: one.rate)[repeats // 2]
    return found, search.latencies(trial, median.rate) if median.rate else {}


def rows_of(name, found, latencies):
    limit = " (generator's limit)" if any(one.limited for one in found) else ""
    yield Row(f"{name}, no loss{limit}", [one.rate / 1e6 for one in found], "Mpps")
    for share, result in latencies.items():
        latency = result["latency_ns"]
        yield Row(f"  latency at {share:.0%}, p50", [latency["p50"] / 1e3], "us")
        yield Row("    p99", [latency["p99"] / 1e3], "us")


def rows():
    image = appliance.build("forward", CONFIGURATION)
    with link(image) as (generator, _):
        for name, size in SIZES.items():
            yield from rows_of(f"forwarding, {name}", *measure(generator, size=size))
