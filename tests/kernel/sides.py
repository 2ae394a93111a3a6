# SPDX-License-Identifier: Apache-2.0
"""Sends a sequence through both routers, and says what became of each packet.

The kernel is asked packet by packet. Weir replays captures, which must be there beforehand: so where a packet depends on
what came out before (NAT), the sequence is replayed again with what was learnt, until nothing changes any more. What an
image does is determined by what it got so far, so what was learnt stays true.
"""

import contextlib
import ipaddress

import flows
import kernel
import network
import nft
import outcome
import weir
import wire

PASSES_MOST = 30
TRIES_MOST = 5  # on a machine where packets get lost


class Result:
    """One router's outputs: for each group's number a list of (step, port's name, frame)."""

    def __init__(self, steps):
        self.world = flows.World()
        self.sent = {}  # number: (port's name, frame)
        self.group = {step.number: step.group for step in steps}
        self.left = {step.group: [] for step in steps}
        self.noted = {step.number: [] for step in steps}  # what got through: [(port's name, IP packet)]
        self.counters = {}

    def take(self, step, port, frame):
        if outcome.is_noise(frame):
            return
        self.left[step.group].append((step, port, frame))
        if outcome.is_forwarded(self.sent[step.number][1][14:], frame[14:]):
            self.noted[step.number].append((port, frame[14:]))
            self.world.note(step, port, frame[14:])

    def names(self, nat):
        pool = {address.packed for address in ipaddress.ip_network(nat.pool[1])} if nat and nat.pool else ()
        first = {}  # of each group, the fragment with the ports
        for number, (_, frame) in self.sent.items():
            if wire.read(frame[14:]).offset == 0:
                first.setdefault(self.group[number], frame[14:])
        pairs = [(first[self.group[number]], packet) for number, left in self.noted.items() for _, packet in left
                 if self.group[number] in first]
        return outcome.Names(pairs, pool)


def through_kernel(rule_set, steps):
    for _ in range(TRIES_MOST):
        lost = kernel.lost_packets()
        with contextlib.suppress(kernel.Busy):
            result = through_router(rule_set, steps)
            if kernel.lost_packets() == lost:
                return result
    raise kernel.Busy("packets get lost: this machine has too much else to do")


def through_router(rule_set, steps):
    result = Result(steps)
    with kernel.Router(nft.ruleset(rule_set)) as router:
        for step in steps:
            result.sent[step.number] = port, frame = step.frame(result.world)
            for where, out in router.send(port, frame):
                result.take(step, where, out)
        result.counters = router.counters()
    return result


def timed(sent, steps):
    """[(time, port's name, frame)]: those that come together have one time. What answers a packet comes after it."""
    now, last, burst, frames = weir.BEGIN_NS, None, {}, []
    for step in steps:
        port, frame = sent[step.number]
        answer = burst.get(step.flow.number, step.direction) != step.direction or step.place
        if not step.together or port != last or answer:
            now += weir.STEP_NS
            burst = {}
        last, burst[step.flow.number] = port, step.direction
        frames.append((now, port, frame))
    return frames


def answers(sent, frame):
    """Whether a frame that a router made can be about what was sent."""
    before, seen = wire.read(sent), wire.read(frame[14:])
    if seen.is_error:
        inner = wire.read(frame[14 + seen.start + 8 :])
        return (inner.number, inner.version, inner.protocol) == (before.number, before.version, before.protocol)
    if before.flags is not None and (before.flags & wire.RST or wire.numbers_after(sent) != wire.numbers(frame[14:])):
        return False
    return (seen.source, seen.destination, seen.protocol) == (before.destination, before.source, before.protocol) and \
        (seen.sport, seen.dport) in ((before.dport, before.sport), (before.sport, before.dport))


def source_of(candidates, sent, frame):
    """Which of the steps that came together an output is of."""
    for question in (lambda data: outcome.is_forwarded(data, frame[14:]), lambda data: answers(data, frame)):
        for step in candidates:
            if question(sent[step.number][1][14:]):
                return step
    return candidates[0]


def is_late(frame):
    """An error about a host that nobody answered for. The kernel says so some seconds later, when nobody listens."""
    seen = wire.read(frame[14:])
    return (seen.kind, seen.code) == ((3, 1) if seen.version == 4 else (1, 3))


def frames_after(steps, before):
    """What is sent, in the light of what came out before each packet in an earlier replay."""
    world, sent = flows.World(), {}
    for step in steps:
        sent[step.number] = step.frame(world)
        for port, packet in before.noted[step.number] if before else ():
            world.note(step, port, packet)
    return sent


def attribute(result, steps, frames, left):
    """Gives each frame that left to the step that it is of: they have one time."""
    waiting = {}
    for step, (time, _, _) in zip(steps, frames):
        waiting.setdefault(time, []).append(step)
    for time, port, frame in left:
        if outcome.is_noise(frame) or (time not in waiting and is_late(frame)):
            continue
        if time not in waiting:
            raise weir.Broken(f"a frame left at a time when none came: {frame.hex()}")
        step = source_of(waiting[time], result.sent, frame)
        if len(waiting[time]) > 1 and not outcome.is_forwarded(result.sent[step.number][1][14:], frame[14:]):
            waiting[time].remove(step)  # answers come once
        result.take(step, port, frame)


def through_weir(image, steps, folder, accel="process"):
    result = None
    for _ in range(PASSES_MOST):
        before, result = result, Result(steps)
        result.sent = frames_after(steps, before)
        if before and result.sent == before.sent:
            return before
        frames = timed(result.sent, steps)
        left, result.report = weir.replay(image, frames, folder, accel)
        attribute(result, steps, frames, left)
        result.counters = {rule["name"]: rule["packets"] for rule in result.report["rules"]}
    raise weir.Broken(f"what Weir is sent still changes after {PASSES_MOST} replays")


def outputs(result, steps, nat):
    """{group's number: sorted outputs}."""
    names = result.names(nat)
    first = {}
    for step in steps:
        first.setdefault(step.group, []).append(step)
    found = {}
    for group, rows in result.left.items():
        if len(first[group]) > 1:
            found[group] = datagram(result, rows, names)
        else:
            found[group] = sorted((outcome.output(result.sent[step.number][1][14:], port, frame, names)
                                   for step, port, frame in rows), key=repr)
    return found


def datagram(result, rows, names):
    """Of a datagram that comes in fragments: what left, put together."""
    pieces, others = {}, []
    for step, port, frame in rows:
        one = outcome.output(result.sent[step.number][1][14:], port, frame, names)
        if one[0] == outcome.FORWARD:
            pieces.setdefault(port, []).append(frame[14:])
        else:
            others.append((*one[:3], one[3][:6]))  # the kernel quotes the datagram, Weir its fragment
    for port, parts in pieces.items():
        joined = outcome.whole(parts)
        what = outcome.view(joined, names) if joined else sorted((outcome.view(part, names) for part in parts), key=repr)
        others.append((outcome.FORWARD if joined else "in pieces", port, True, what))
    return sorted(others, key=repr)
