# SPDX-License-Identifier: Apache-2.0
"""RFC 2544's measures over any device: throughput (26.1), latency (26.2), loss against load (26.3), back-to-back (26.4).

A trial is a function from an offered rate (packets/s; 0: as fast as the device takes them) to a result of the
generator (bench/generator/README.md). So a simulated device can stand in for a real one.

Differences from the RFC: trials last seconds or less, not 60; a trial that the machine spoilt is done again, as on
a host of few cores the generator itself may lose its core for milliseconds.
"""

import dataclasses

RESOLUTION = 0.01  # of the rate found
MISSED_MAX = 0.001  # share of frames that could not be offered in time
STEPS_MAX = 40


@dataclasses.dataclass
class Throughput:
    """`rate`: the highest at which no more than the tolerated share was lost, and what the trial said; 0 and None if
    there is none. `limited`: a higher rate was not tried with success because of the generator."""

    rate: float
    result: dict | None
    limited: bool
    trials: list  # of (rate, share lost, limited)


def loss_of(result):
    return result["lost"] / result["offered"] if result["offered"] else 1.0


def offered_late(result):
    """Whether too many frames missed their time: then that rate was not offered."""
    missed = result["generator"]["missed"]
    return missed > MISSED_MAX * (missed + result["offered"])


def steady(trial, rate, repeats=5):
    """A trial in which the rate was offered, if one of `repeats` is such; else the last. A trial without loss needs no
    excuse, one with some needs that the generator had its core all the time, as a pause makes a burst."""
    for _ in range(repeats):
        result = trial(rate)
        if not offered_late(result):
            break
    return result


def throughput(trial, high=None, tolerance=0.0, resolution=RESOLUTION, repeats=5):
    """Binary search for the highest rate at which a share of at most `tolerance` is lost. high: beyond which there is no
    hope; else what the device forwards when it is offered as much as it takes, and a little more."""
    if high is None:
        high = trial(0)["received_pps"] * 1.1
    low, best, limited, tried = 0.0, None, False, []
    rate = high
    while high - low > resolution * high and len(tried) < STEPS_MAX and rate >= 1:
        result = steady(trial, rate, repeats)
        late = offered_late(result)
        tried.append((rate, loss_of(result), late))
        if not late and loss_of(result) <= tolerance:
            low, best, limited = rate, result, False
        else:
            high, limited = rate, limited or late
        if low == high:
            break
        rate = (low + high) / 2
    return Throughput(low, best, limited, tried)


def latencies(trial, rate, shares=(0.1, 0.5, 0.9), repeats=5):
    """Results at shares of a rate, by share."""
    return {share: steady(trial, rate * share, repeats) for share in shares}


def loss_curve(trial, high, points=10, repeats=3):
    """(offered rate, share lost) from `high` downwards, as the RFC has it, until two in a row lose nothing."""
    curve = []
    for step in range(points):
        rate = high * (points - step) / points
        result = steady(trial, rate, repeats)
        curve.append((rate, loss_of(result)))
        if len(curve) > 1 and curve[-1][1] == curve[-2][1] == 0:
            break
    return curve


def back_to_back(burst, high=1 << 16, resolution=16):
    """The longest burst, in frames, of which none is lost. burst: a function from a length to a result."""
    low = 0
    if burst(high)["lost"] == 0:
        return high
    while high - low > resolution:
        length = (low + high) // 2
        if burst(length)["lost"] == 0:
            low = length
        else:
            high = length
    return low
