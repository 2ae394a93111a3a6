# SPDX-License-Identifier: Apache-2.0
"""A round: one rule set and one sequence of packets, through both routers, and what is to be said of the differences.

All of it follows from the seed, the round's number, and how many packets there are.
"""

import collections
import random

import differences
import nft
import rules
import sides
import traffic
import weir
import wire

FOLDER = weir.ROOT / "build/kernel"
KINDS = ("stateless", "firewall", "nat")
HISTORY_LINES = 40


class Round:
    """One rule set and one sequence of packets; `only`: numbers of those that are sent."""

    def __init__(self, seed, number, packets, kind=None, only=None):
        self.seed, self.number, self.packets = seed, number, packets
        self.kind = kind or KINDS[number % len(KINDS)]
        chance = random.Random(f"{seed}-{number}-{self.kind}")
        self.rule_set = rules.Maker(chance).rule_set(self.kind != "stateless", self.kind == "nat")
        self.steps = traffic.Traffic(chance, self.rule_set).sequence(packets)
        if only:
            self.steps = [step for step in self.steps if step.number in only]
        self.folder = FOLDER / f"{seed}-{number}-{self.kind}"
        self.image = self.folder / "image.elf"

    @property
    def name(self):
        return f"seed {self.seed}, round {self.number}: {self.kind}, {len(self.rule_set.rules)} rules, {len(self.steps)} packets"

    def again(self, numbers=()):
        """The command line that runs it again, with some of the packets only."""
        only = f" --only {','.join(map(str, numbers))}" if numbers else ""
        return f"tests/kernel/nftables --seed {self.seed} --round {self.number} --kind {self.kind} --packets {self.packets}{only}"

    def build(self):
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / "rules.nft").write_text(nft.ruleset(self.rule_set))
        yaml = self.folder / "weir.yaml"
        yaml.write_text(weir.configuration(self.rule_set))
        weir.build(yaml, self.image)
        return self

    def run(self, accel, steps=None):
        """Sends all packets through both. Returns what became of them."""
        steps = self.steps if steps is None else steps
        by_kernel = sides.through_kernel(self.rule_set, steps)
        return Run(self.rule_set, steps, by_kernel, sides.through_weir(self.image, steps, self.folder, accel))


class Run:
    """What became of packets in both routers, and the judgement."""

    def __init__(self, rule_set, steps, by_kernel, by_weir):
        self.rule_set, self.steps, self.by_kernel, self.by_weir = rule_set, steps, by_kernel, by_weir
        self.argued, self.packets, self.fates = collections.Counter(), 0, collections.Counter()
        self.failures = self.judge()

    def cases(self):
        groups, by_flow = collections.defaultdict(list), collections.defaultdict(list)
        for step in self.steps:
            groups[step.group].append(step)
            by_flow[step.flow.number].append(step)
        fates = collections.defaultdict(set)
        ours = sides.outputs(self.by_weir, self.steps, self.rule_set.nat)
        for group, theirs in sides.outputs(self.by_kernel, self.steps, self.rule_set.nat).items():
            frames = [self.by_kernel.sent[step.number][1] for step in groups[group]]
            first = groups[group][0]
            sent = [(step, self.by_weir.sent[step.number][1][14:]) for step in by_flow[first.flow.number] if step.number < first.number]
            said = [(step.direction, data, left) for step, data in sent for _, left in self.by_weir.noted[step.number]]
            yield differences.Case(first, groups[group], [frame[14:] for frame in frames], frames[0], theirs, ours[group],
                                   self.rule_set, sent, fates[first.flow.number], said)
            fates[first.flow.number] |= {one[0] for one in theirs}

    def judge(self):
        """Returns the failures, and counts the argued differences."""
        failures, parted = [], {}
        for case in self.cases():
            self.packets += len(case.steps)
            self.fates.update(one[0] for one in case.kernel or [("nothing",)])
            if case.kernel == case.weir:
                continue
            found = differences.explain(case)
            flow = case.step.flow.number
            name = found.name if found else parted.get(flow)
            if name is None:
                failures.append(case)
                parted[flow] = "an unexplained difference"
                continue
            self.argued[name if found else f"{name} (later)"] += 1
            if found and found.parts:
                parted[flow] = name
        return failures

    def history(self, flow=None):
        """The packets, or those of one connection, one a line, and what became of them."""
        lines = []
        for step in self.steps:
            if flow is not None and step.flow.number != flow:
                continue
            port, frame = self.by_kernel.sent[step.number]
            lines.append(f"{step.number:5} {step.kind} ({step.direction}), from {port}{', with the one before' if step.together else ''}: "
                         f"{wire.describe(frame[14:])}")
            for name, side in (("kernel", self.by_kernel), ("weir", self.by_weir)):
                if side is self.by_weir and side.sent[step.number][1] != frame:
                    lines.append(f"      to weir: {wire.describe(side.sent[step.number][1][14:])}")
                left = [f"{where}: {wire.describe(out[14:])}" for by, where, out in side.left[step.group] if by is step]
                lines.append(f"      {name}: {'; '.join(left) or 'nothing'}")
        return lines[-HISTORY_LINES:]


def fate(outputs):
    return " and ".join(f"{one[0]}{' %s/%s' % one[3][3:5] if one[0] == 'error' else ''} out of {one[1]}"
                        for one in outputs) or "nothing"


def headline(case):
    """A difference in a line, or in three where the two did the same with other bytes."""
    lines = [f"packet {case.step.number} ({case.kind}): kernel {fate(case.kernel)}, weir {fate(case.weir)}"]
    if [one[:2] for one in case.kernel] == [one[:2] for one in case.weir]:
        lines += [f"  kernel {case.kernel}", f"  weir   {case.weir}"]
    return lines
