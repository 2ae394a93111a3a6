# SPDX-License-Identifier: Apache-2.0
"""Throughput and latency of an appliance in a VM, as RFC 2544 has them: bench/generator on one core, the VM on another,
vhost-user rings between them."""

import contextlib
import dataclasses
import time

import appliance
import machine
import search
import testpmd
import traffic
from harness import Row, Unavailable

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
SECONDS, REPEATS, DRAIN_MS = 0.2, 3, 100
TRIALS, RESOLUTION = 24, 0.02  # of a search
TOLERANCES, SHARES = (0.005, 0.0), (0.1, 0.5, 0.9)
QUANTILES = {"p50": "p50", "p99": "p99", "p999": "p99.9", "max": "max"}
SIZES = {"64 bytes": 64, "IMIX": "imix", "1518 bytes": 1518}
MEMORY_MIB = 64
WARM_SECONDS = 30
SMOKE = {"SECONDS": 0.05, "REPEATS": 1, "TOLERANCES": (0.9, 0.0), "SIZES": {"64 bytes": 64}}


@contextlib.contextmanager
def between(generator, image, packed=True, model=None, memory_mib=MEMORY_MIB, entries=1024):
    """A VM with two ports between the generator's sides, on a core of its own."""
    cards = machine.vhost_user_cards(generator.sockets, appliance.MACS, packed=packed, entries=entries)
    with machine.Machine(image, memory_mib=memory_mib, cards=cards, model=model) as vm:
        vm.pin(traffic.cores()[0])
        vm.wait_state(machine.READY, 60)
        generator.device_thread = vm.processor_thread()
        yield vm


@contextlib.contextmanager
def link(image, packed=True, model=None, memory_mib=MEMORY_MIB, entries=1024, **words):
    """A generator and a VM between its sides. Gives both."""
    with (traffic.Generator(a_gateway=appliance.MACS[0], b_gateway=appliance.MACS[1], **words) as generator,
          between(generator, image, packed, model, memory_mib, entries) as vm):
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


def flood(generator, repeats=None, seconds=None, **words):
    """Results with as many frames as the peer takes: what it forwards when nothing is left out for its sake."""
    return [generator.trial(rate=0, seconds=seconds or SECONDS, **words) for _ in range(repeats or REPEATS)]


def counted(vm, act):
    """What act() gives, and how far Weir's own counters went meanwhile; without a VM, no counters."""
    before = vm.counters() if vm else {}
    given = act()
    after = vm.counters() if vm else {}
    return given, {name: after[name] - before[name] for name in after}


def inside_rows(runs, most_cycles=None):
    """What Weir's own counters say. Cycles are of polls that found work."""
    runs = [run for run in runs if run["received"]]
    if not runs:
        return
    yield Row("  busy cycles a packet", [run["busy_cycles"] / run["received"] for run in runs], "cycles", at_most=most_cycles)
    yield Row("  packets of a burst", [run["received"] / (run["polls"] - run["empty_polls"]) for run in runs], "")
    yield Row("  notifications", [run["notifications"] for run in runs], "")


@dataclasses.dataclass
class Found:
    """One round: search.Throughput by tolerance; results by share of the largest tolerance's rate. If that is 0, `swept` has
    shares of what is forwarded when all that is taken is offered."""

    rates: dict
    swept: dict
    seconds: float  # of a trial


def find(generator, tolerances, shares, seconds, **words):
    def trial(rate):
        return generator.trial(rate=rate, seconds=seconds, drain=DRAIN_MS, **words)

    most = trial(0)["received_pps"]
    rates = search.rates(trial, tolerances, high=most * 1.1, resolution=RESOLUTION, most=TRIALS)
    return Found(rates, search.sweep(trial, rates[max(rates)].rate or most, shares), seconds)


def with_rate(rounds):
    """Those in which there was a rate to take shares of."""
    return [one for one in rounds if one.rates[max(one.rates)].rate]


def limit_of(results):
    """Said behind a row's name: that a faster generator might have found more."""
    return ", generator's limit" if any(result["generator"]["limit"] for result in results) else ""


def forwarded(results):
    return [result["received_pps"] / 1e6 for result in results]


def rate_row(rounds, tolerance):
    found = [one.rates[tolerance] for one in rounds]
    name = f"with a loss of {tolerance:.1%} at most" if tolerance else f"without loss in {rounds[0].seconds} s (RFC 2544)"
    name += ", generator's limit" if any(one.limited for one in found) else ""
    name += ", host disturbed" if any(one.disturbed for one in found) else ""
    return Row(f"  {name}", [one.rate / 1e6 for one in found], "Mpps")


def latency_rows(rounds, shares):
    for share in shares:
        latencies = [one.swept[share]["latency_ns"] for one in with_rate(rounds)]
        for quantile, name in QUANTILES.items() if latencies else ():
            yield Row(f"    at {share:.0%} of it, latency p50" if quantile == "p50" else f"      {name}",
                      [latency[quantile] / 1e3 for latency in latencies], "us")


def found_rows(rounds, shares):
    """Rates from the smallest tolerance to the largest, and latencies below that."""
    for tolerance in sorted(rounds[0].rates):
        yield rate_row(rounds, tolerance)
    yield from latency_rows(rounds, shares)


def floods_of_pairs(image):
    """By peer and size, results; the peers take turns, as both would have the same core."""
    results = {}
    for _ in range(REPEATS):
        with link(image) as (generator, _):
            warm(generator)
            for name, size in SIZES.items():
                results.setdefault(("weir", name), []).extend(flood(generator, 1, size=size))
        with traffic.Generator() as generator, testpmd.Testpmd(generator.sockets, "macswap", traffic.cores()[0]):
            warm(generator)
            for name, size in SIZES.items():
                results.setdefault(("testpmd", name), []).extend(flood(generator, 1, size=size))
    return results


def rows():
    image = appliance.build("forward", CONFIGURATION)
    try:
        results = floods_of_pairs(image)
    except Unavailable as why:
        yield Row.skipped("testpmd macswap", why)
        results = {}
    for name in SIZES if results else ():
        ours, theirs = results["weir", name], results["testpmd", name]
        yield Row(f"testpmd macswap, {name}{limit_of(theirs)}", forwarded(theirs), "Mpps")
        yield Row(f"firewall, router, {name}{limit_of(ours)}", forwarded(ours), "Mpps")
        pairs = zip(forwarded(ours), forwarded(theirs))
        yield Row("  as a share of testpmd's", [mine / other for mine, other in pairs if other], "")
    with link(image) as (generator, vm):
        warm(generator)
        for name, size in SIZES.items():
            runs = [counted(vm, lambda: flood(generator, 1, size=size)[0]) for _ in range(REPEATS)]
            yield Row(f"firewall, router, {name}", forwarded([result for result, _ in runs]), "Mpps")
            yield from inside_rows([inside for _, inside in runs])
            rounds = [find(generator, TOLERANCES, SHARES, SECONDS, size=size) for _ in range(REPEATS)]
            yield from found_rows(rounds, SHARES)
