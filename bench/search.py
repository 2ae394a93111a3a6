# SPDX-License-Identifier: Apache-2.0
"""RFC 2544's measures over any device: throughput (26.1), latency (26.2), loss against load (26.3), back-to-back (26.4).

A trial is a function from an offered rate (packets/s; 0: as fast as the device takes them) to a result of the
generator (bench/generator/README.md). So a simulated device can stand in for a real one.

Differences from the RFC: trials last seconds or less, not 60; and a trial that the host spoilt is done again, as on a
machine of few cores it now and then takes one away for milliseconds. That it did is known from the frames that the
generator could not send in time, and from the time that the device's thread waited for its processor.
"""

import dataclasses

RESOLUTION = 0.01  # of the rate found
MISSED_MAX = 0.001  # share of frames that could not be offered in time
REPEATS = 5  # of a trial that was spoilt, at most
BUSY_IDLE = 0.1  # below this share of idle time the generator has none to spare
WAITED_MAX_MS = 0.1  # a ring of 1024 entries lasts as long at 10 million frames/s
STEPS_MAX = 40
SMOKE = {"STEPS_MAX": 2}


@dataclasses.dataclass
class Throughput:
    """`rate`: the highest at which no more than the tolerated share was lost, and what the trial said; 0 and None if
    there is none. `limited`: the generator could not offer more. `disturbed`: at some higher rate every trial was spoilt
    by the host, so that the device may be better than this."""

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


def throughput(trial, high=None, tolerance=0.0, resolution=RESOLUTION, repeats=REPEATS):
    """Binary search for the highest rate at which a share of at most `tolerance` is lost. high: beyond which there is no
    hope; else what the device forwards when it is offered as much as it takes, and a little more."""
    if high is None:
        high = trial(0)["received_pps"] * 1.1
    found = Throughput(0.0, None, False, False, [])
    rate = high
    while high - found.rate > resolution * high and len(found.trials) < STEPS_MAX and rate >= 1:
        result = steady(trial, rate, repeats)
        found.trials.append((rate, loss_of(result), spoilt(result)))
        if not offered_late(result) and loss_of(result) <= tolerance:
            found.rate, found.result = rate, result
            if rate == high:
                break
        else:
            high = rate
            found.limited = at_its_limit(result)  # of the last that failed: the next higher rate
            found.disturbed |= spoilt(result)
        rate = (found.rate + high) / 2
    return found


def latencies(trial, rate, shares=(0.1, 0.5, 0.9), repeats=REPEATS):
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
