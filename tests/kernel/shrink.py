# SPDX-License-Identifier: Apache-2.0
"""The fewest packets that show a difference: first its connection's alone, then fewer and fewer of them, as long as the
same packet still meets the same two fates without an argument."""

import time

import kernel
import rounds
import weir

RUNS_MOST, SECONDS_MOST = 80, 40


class Shrinker:
    """Tries parts of one round's packets."""

    def __init__(self, one, case, accel):
        self.one, self.accel = one, accel
        self.group = case.step.group
        self.fates = rounds.fate(case.kernel), rounds.fate(case.weir)
        self.runs_left, self.until = RUNS_MOST, time.monotonic() + SECONDS_MOST
        self.best = None  # (steps, run, case) that show it

    @property
    def is_over(self):
        return not self.runs_left or time.monotonic() > self.until

    def shows(self, steps):
        """Whether these steps show the difference."""
        if self.is_over:
            return False
        self.runs_left -= 1
        try:
            run = self.one.run(self.accel, steps)
        except (weir.Broken, kernel.Broken, kernel.Busy):
            return False
        for case in run.failures:
            if case.step.group == self.group and (rounds.fate(case.kernel), rounds.fate(case.weir)) == self.fates:
                self.best = steps, run, case
                return True
        return False

    def without(self, steps, size):
        """Leaves out as many runs of `size` steps as can be, from the first on; what is looked at stays."""
        at = 0
        while at < len(steps):
            fewer = [step for index, step in enumerate(steps) if not at <= index < at + size or step.group == self.group]
            if len(fewer) < len(steps) and self.shows(fewer):
                steps = fewer
            else:
                at += size
        return steps


def shrink(one, run, case, accel):
    """Returns (steps, run, case): of as few packets as were found in the time that there is."""
    shrinker = Shrinker(one, case, accel)
    last = case.steps[-1].number
    before = [step for step in one.steps if step.number <= last]
    own = [step for step in before if step.flow.number == case.step.flow.number]
    steps = own if shrinker.shows(own) else before
    size = max(1, len(steps) // 2)
    while not shrinker.is_over:
        steps = shrinker.without(steps, size)
        if size == 1:
            break
        size //= 2
    return shrinker.best or (one.steps, run, case)
