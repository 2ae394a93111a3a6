# SPDX-License-Identifier: Apache-2.0
"""RFC 2544's measures over any device: throughput (26.1), latency (26.2), loss against load (26.3), back-to-back (26.4).

A trial is a function from an offered rate (packets/s; 0: as fast as the device takes them) to a result of the
generator (bench/generator/README.md). So a simulated device can stand in for a real one.

Differences from the RFC: trials last seconds or less, not 60; and a trial that the host spoilt is done again, as on a
machine of few cores it now and then takes one away for milliseconds. That it did is known from the frames that the
generator could not send in time, and from the time that the device's thread waited for its processor.

Pauses that a hypervisor makes below this kernel show in neither. A ring of 1024 entries is full after 0.2 ms at 5 million
frames/s, so one such pause a second makes a throughput of zero loss say more about the machine than about the device. So
rates are also searched at which a small share is lost, as MLRsearch has it (draft-ietf-bmwg-mlrsearch): 0.5 % is the partial
drop rate of FD.io's CSIT, and latencies are told at shares of that. Each rate has its tolerance in its name.
"""

import dataclasses

RESOLUTION = 0.01  # of the rate found
MISSED_MAX = 0.001  # share of frames that could not be offered in time
REPEATS = 3  # of a trial that was spoilt, at most
BUSY_IDLE = 0.1  # below this share of idle time the generator has none to spare
WAITED_MAX_MS = 0.1  # a ring of 1024 entries lasts as long at 10 million frames/s
TRIALS_MAX = 40  # of a search: on a machine that is busy with something else it ends all the same
CONFIRMATIONS = 2
LENGTHS_MAX = 20  # of bursts that are tried
FRAMES_MIN = 100  # fewer tell nothing of a rate
SMOKE = {"TRIALS_MAX": 2, "LENGTHS_MAX": 2}


@dataclasses.dataclass
class Throughput:
    """`rate`: the highest at which no more than the tolerated share was lost, and what the trial said; 0 and None if
    there is none. `limited`: the generator could not offer more. `disturbed`: at some higher rate every trial was spoilt
    by the host, the last one too, so that the device may be better than this."""

    rate: float
    result: dict | None
    limited: bool
    disturbed: bool
    trials: list  # of (rate, share lost, spoilt)


def loss_of(result):
    return result["lost"] / result["offered"] if result["offered"] else 1.0


def offered_late(result):
    """Whether too many frames missed their time: then that rate was not offered."""
    missed = result["generator"]["missed"]
    return missed > MISSED_MAX * (missed + result["offered"])


def at_its_limit(result):
    """Whether frames were late because the generator had no time left, and not because it was not let run."""
    return offered_late(result) and result["generator"]["idle"] < BUSY_IDLE


def spoilt(result):
    """Whether the host had a part in what was lost. A trial without loss needs no excuse."""
    if at_its_limit(result):
        return False
    return offered_late(result) or (result["lost"] > 0 and result.get("device_waited_ms", 0) > WAITED_MAX_MS)


def steady(trial, rate, repeats=REPEATS):
    """A trial that was not spoilt, if one of `repeats` is such; else the last."""
    for _ in range(repeats):
        result = trial(rate)
        if not spoilt(result):
            break
    return result


def throughput(trial, high=None, tolerance=0.0, resolution=RESOLUTION, repeats=REPEATS, most=None):
    """Binary search for the highest rate at which a share of at most `tolerance` is lost. high: beyond which there is no
    hope; else what the device forwards when it is offered as much as it takes, and a little more. most: trials, at most.
    When the search is about to end below a rate that failed, it tries that again, CONFIRMATIONS times, and goes on from
    there if it does not fail."""
    if high is None:
        high = trial(0)["received_pps"] * 1.1
    found, failed, again = Throughput(0.0, None, False, False, []), [], 0  # failed: ever lower rates, and results

    def noted(rate):
        result = trial(rate)
        found.trials.append((rate, loss_of(result), spoilt(result)))
        return result

    rate = high
    while rate >= 1 and len(found.trials) < min(most or TRIALS_MAX, TRIALS_MAX):
        result = steady(noted, rate, repeats)
        if result["offered"] < FRAMES_MIN:
            break
        if not offered_late(result) and loss_of(result) <= tolerance:
            found.rate, found.result, again = rate, result, 0
            failed = [one for one in failed if one[0] > rate]
        else:
            failed = [one for one in failed if one[0] > rate] + [(rate, result)]
            if again == CONFIRMATIONS:
                break
        if not failed:
            break
        lowest = failed[-1][0]
        again = again + 1 if lowest - found.rate <= resolution * lowest else 0
        rate = lowest if again else (found.rate + lowest) / 2
    found.limited = bool(failed) and at_its_limit(failed[-1][1])
    found.disturbed = any(spoilt(result) for _, result in failed)
    return found


def rates(trial, tolerances, high=None, **options):
    """Throughput by tolerance. From the largest to the smallest: a device can't lose less at more."""
    found = {}
    for tolerance in sorted(tolerances, reverse=True):
        found[tolerance] = throughput(trial, high=high, tolerance=tolerance, **options)
        high = found[tolerance].rate
    return found


def sweep(trial, rate, shares):
    """Results by share of a rate, from the highest downwards, as the RFC measures loss. A trial each: what the host spoils is
    in it."""
    return {share: trial(rate * share) for share in sorted(shares, reverse=True)}


def back_to_back(burst, high=1 << 16, resolution=16):
    """The longest burst, in frames, of which none is lost. burst: a function from a length to a result."""
    low = 0
    resolution = max(resolution, high >> LENGTHS_MAX)
    if burst(high)["lost"] == 0:
        return high
    while high - low > resolution:
        length = (low + high) // 2
        if burst(length)["lost"] == 0:
            low = length
        else:
            high = length
    return low
