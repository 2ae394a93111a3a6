# SPDX-License-Identifier: Apache-2.0
"""Runs `weir replay` on cases and judges what came out: the frames, the counters, and the books of nf/stats.h.

Several cases go through one run: each gets a slot of the capture's clock, and because frames that leave carry that clock
too, each finds its own again. What a case sends may depend on what left before, on a port that NAT gave out: replays are
deterministic, so learn() repeats them until all that is sent is made of what really left."""

import json
import pathlib
import re
import struct
import subprocess

import model

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
WEIR = ROOT / "build/weir"
BEGIN_NS = 1_700_000_000_000_000_000
SLOT_NS = 60_000_000_000  # from a case's last frame to the next case: longer than all but flows are remembered
REPLAYS_MAX = 20  # to learn from
PCAP_NANOSECONDS = 0xA1B23C4D
LINK_ETHERNET = 1
SNAPLEN = 65535
DROP_NAMES = re.findall(r'X\(\w+, "([a-z0-9-]+)"', (ROOT / "nf/reasons.h").read_text())


class Broken(Exception):
    """The run itself failed; the text says how."""


def write_capture(path, frames):
    """frames: (nanoseconds, bytes), in the order of their times."""
    with open(path, "wb") as out:
        out.write(struct.pack("<IHHiIII", PCAP_NANOSECONDS, 2, 4, 0, 0, SNAPLEN, LINK_ETHERNET))
        for time_ns, frame in frames:
            seconds, rest = divmod(time_ns, 1_000_000_000)
            out.write(struct.pack("<IIII", seconds, rest, len(frame), len(frame)) + frame)


def read_capture(path):
    data = pathlib.Path(path).read_bytes()
    if len(data) < 24 or struct.unpack("<I", data[:4])[0] != PCAP_NANOSECONDS:
        raise Broken(f"{path} is no nanosecond pcap file in this machine's byte order")
    at, frames = 24, []
    while at + 16 <= len(data):
        seconds, rest, captured, length = struct.unpack("<IIII", data[at : at + 16])
        frame = data[at + 16 : at + 16 + captured]
        if captured != length or len(frame) != captured:
            raise Broken(f"{path} has a cut frame at byte {at}")
        frames.append((seconds * 1_000_000_000 + rest, frame))
        at += 16 + captured
    if at != len(data):
        raise Broken(f"{path} ends within a frame's header")
    return frames


class Run:
    """One replay of some cases, and what came of it."""

    def __init__(self, cases, ports, report, captures):
        self.cases, self.ports, self.report, self.captures = cases, ports, report, captures
        self.begins = begins(cases)

    def slot(self, index):
        """{port: [frame, ...]} that left during a case."""
        begin, end = self.begins[index : index + 2]
        return {port: [frame for time_ns, frame in self.captures[port] if begin <= time_ns < end] for port in self.ports}


def begins(cases):
    """When each case begins, and when all are over."""
    times = [BEGIN_NS]
    for case in cases:
        times.append(times[-1] + int(max((step.at for step in case.sends), default=0) * 1e9) + SLOT_NS)
    return times


def inputs(cases):
    """[(nanoseconds, port, bytes), ...]: all that is sent, as far as it is known."""
    frames = []
    for case, begin in zip(cases, begins(cases)):
        try:
            for step in case.sends:
                frames.append((begin + int(step.at * 1e9), step.port, step.frame))
        except model.NotYet:
            pass
    return frames


def learn(image, ports, cases, folder, options):
    """Replays cases until what they send follows from what left. Returns the last run."""
    for case in cases:
        case.forget()
    for _ in range(REPLAYS_MAX):
        sent = inputs(cases)
        run = replay(image, ports, cases, folder, options)
        for index, case in enumerate(cases):
            case.forget()
            judge_frames(case, run.slot(index))
        if inputs(cases) == sent:
            return run
    raise Broken(f"after {REPLAYS_MAX} replays it still chooses otherwise")


def replay(image, ports, cases, folder, options):
    """Replays cases in one run. Writes captures and report to `folder`; raises Broken if the run fails."""
    folder.mkdir(parents=True, exist_ok=True)
    command = [str(WEIR), "replay", str(image), "--seed", "1", "--json", *options]
    sent = inputs(cases)
    for port in ports:
        frames = sorted(((time_ns, frame) for time_ns, out, frame in sent if out == port), key=lambda timed: timed[0])
        write_capture(folder / f"{port}.in.pcap", frames)
        command += ["--in", f"{port}={folder}/{port}.in.pcap", "--out", f"{port}={folder}/{port}.out.pcap"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, errors="replace", timeout=300, check=False)
    except subprocess.TimeoutExpired as late:
        raise Broken(f"not done after 300 seconds: {' '.join(command)}") from late
    (folder / "report.json").write_text(done.stdout)
    if done.returncode:
        tail = (done.stdout + done.stderr).splitlines()[-20:]
        raise Broken("\n".join([f"exit status {done.returncode}"] + tail))
    try:
        report = json.loads(done.stdout)
    except ValueError as error:
        raise Broken(f"--json wrote no JSON ({error}): {done.stdout[:200]!r}") from error
    return Run(cases, ports, report, {port: read_capture(folder / f"{port}.out.pcap") for port in ports})


def judge_frames(case, outputs):
    """Compares what left with what should have. Returns sentences about the differences."""
    wrong, allowed = [], [0] * len(case.allows)
    for port, frames in outputs.items():
        wanted = [step.what for step in case.expects if step.port == port]
        for frame in frames:
            difference = wanted[0].differs(frame) if wanted else "nothing more was expected"
            if difference is None:
                wanted.pop(0)
                continue
            index = next((index for index, step in enumerate(case.allows)
                          if step.port == port and step.what.differs(frame) is None), None)
            if index is not None:
                allowed[index] += 1
            elif not model.is_announcement(frame):
                wrong.append(f"{port}: {model.Ether(frame).summary()}: {difference}")
                if wanted:
                    wrong.append(f"{port}: in the place of: {wanted.pop(0)}")
        wrong += [f"{port}: missing: {what}" for what in wanted]
    wrong += [f"{step.port}: only {count} of: {step.what}"
              for step, count in zip(case.allows, allowed) if count < step.least]
    return wrong


def judge_ends(cases, report):
    """Each frame ends under one of its names: finds who got which, as a matching of frames and counters."""
    counts = {name: count for name, count in report["dropped"].items() if count}
    counts.update(forwarded=report["books"]["forwarded"], consumed=report["books"]["consumed"])
    unknown = set(counts) - set(DROP_NAMES) - {"forwarded", "consumed"}
    ends = sorted((step.ends for case in cases for step in case.sends), key=len)
    holders = {name: [] for name in counts}

    def place(index, seen):
        for name in ends[index]:
            if name in seen or name not in holders:
                continue
            seen.add(name)
            if len(holders[name]) < counts[name]:
                holders[name].append(index)
                return True
            for at, other in enumerate(holders[name]):
                if place(other, seen):
                    holders[name][at] = index
                    return True
        return False

    wrong = [f"no such drop reason in nf/reasons.h: {name}" for name in sorted(unknown)]
    unplaced = [ends[index] for index in range(len(ends)) if not place(index, set())]
    left = {name: count - len(holders[name]) for name, count in counts.items() if count != len(holders[name])}
    if unplaced or left:
        short = sorted({" or ".join(names) for names in unplaced})
        wrong.append(f"counted {left} instead of {len(unplaced)} as {'; '.join(short)}")
    return wrong


def judge_rules(cases, report):
    if any(case.rules is None for case in cases):
        return []
    wanted = {}
    for case in cases:
        for name, hits in case.rules.items():
            wanted[name] = wanted.get(name, 0) + hits
    found = {rule["name"]: rule["packets"] for rule in report["rules"] if rule["packets"]}
    return [] if found == wanted else [f"rules hit {found}, not {wanted}"]


def judge_books(run):
    """The two equations of nf/stats.h, and the counters against what the captures hold."""
    ports, books = run.report["ports"], run.report["books"]
    received, transmitted = sum(port["rx_packets"] for port in ports), sum(port["tx_packets"] for port in ports)
    frames_in = [frame for _, _, frame in inputs(run.cases)]
    outputs = [frame for frames in run.captures.values() for _, frame in frames]
    ended = books["forwarded"] + books["consumed"] + sum(run.report["dropped"].values()) + books["held"]
    left = books["forwarded"] - books["fragmented"] + books["fragments"] + books["originated"]
    rows = [
        ("received = forwarded + consumed + dropped + held", received, ended),
        ("transmitted = forwarded - fragmented + fragments + originated", transmitted, left),
        ("received = frames of the captures that went in", received, len(frames_in)),
        ("transmitted = frames of the captures that came out", transmitted, len(outputs)),
        ("received bytes", sum(port["rx_bytes"] for port in ports), sum(map(len, frames_in))),
        ("transmitted bytes", sum(port["tx_bytes"] for port in ports), sum(map(len, outputs))),
        ("held at the end", books["held"], 0),
        ("what the report says of balance", books["balanced"], True),
    ]
    return [f"books: {name}: {one} against {other}" for name, one, other in rows if one != other]


def judge(run, index):
    """What is wrong with one case of a run."""
    case, outputs = run.cases[index], run.slot(index)
    wrong = judge_frames(case, outputs)
    own = {port: [frame for frame in frames if not model.is_announcement(frame)] for port, frames in outputs.items()}
    for check in case.checks:
        wrong += check.question(own)
    return wrong


def judge_counters(run):
    """What is wrong with the counters of a whole run; a report that lacks one is wrong, too."""
    try:
        return judge_ends(run.cases, run.report) + judge_rules(run.cases, run.report) + judge_books(run)
    except KeyError as missing:
        return [f"the report has no {missing}"]
