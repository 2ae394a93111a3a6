# SPDX-License-Identifier: Apache-2.0
"""Rows of measurements: what was measured, how it spread, what it is compared with, and the table of them."""

import dataclasses
import json
import os
import pathlib
import platform
import statistics
import subprocess

ROOT = pathlib.Path(__file__).resolve().parent.parent
BUILD = ROOT / "build"
# Debian packages whose versions a result depends on, by the program that runs.
PACKAGES = {"QEMU": "qemu-system-x86", "dpdk-testpmd": "dpdk-dev", "DPDK's libraries": "libdpdk-dev",
            "ovs-vswitchd": "openvswitch-switch-dpdk", "nft": "nftables", "ip": "iproute2", "iperf3": "iperf3", "gcc": "gcc"}
BUSY_LOAD = 0.5  # a processor, before anything is measured
NAME_WIDTH = 48  # of the table's first column
NOTED = {}  # files that show how something was configured: names by what


class Unavailable(Exception):
    """This machine, or this tree, can't measure that; the text says why."""


def median(samples):
    return statistics.median(samples)


@dataclasses.dataclass
class Row:
    """`samples` are repetitions of one measurement; the median is compared with `at_most` or `at_least`."""

    name: str
    samples: list
    unit: str
    at_most: float | None = None
    why_skipped: str = ""
    at_least: float | None = None

    @classmethod
    def skipped(cls, name, why):
        return cls(name, [], "", None, str(why))

    @property
    def median(self):
        return median(self.samples)

    @property
    def verdict(self):
        if self.why_skipped:
            return "skipped"
        if self.at_most is None and self.at_least is None:
            return ""
        low = self.at_least is not None and self.median < self.at_least
        high = self.at_most is not None and self.median > self.at_most
        return "missed" if low or high else "reached"

    def as_json(self):
        fields = {"name": self.name.strip(), "unit": self.unit, "verdict": self.verdict, "samples": self.samples}
        if self.why_skipped:
            return {"name": self.name, "verdict": "skipped", "why": self.why_skipped}
        return fields | {"median": self.median, "repeats": len(self.samples), "least": min(self.samples),
                         "most": max(self.samples), "at_most": self.at_most, "at_least": self.at_least}


def run_tool(command, env=None):
    """Runs a step; returns what it wrote, and says what it said if it fails."""
    done = subprocess.run(command, capture_output=True, text=True, env=os.environ | (env or {}), check=False)
    if done.returncode:
        raise Unavailable(f"{pathlib.Path(command[0]).name} failed: {(done.stdout + done.stderr).strip()[-600:]}")
    return done.stdout


def number(value):
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}" if abs(value) < 10 else f"{value:.1f}"


def line_of(row):
    if row.why_skipped:
        return f"{row.name:<{NAME_WIDTH}} skipped: {row.why_skipped}"
    spread = f"{number(min(row.samples))} .. {number(max(row.samples))}" if len(row.samples) > 1 else ""
    target = f"<= {number(row.at_most)}" if row.at_most is not None else ""
    if row.at_least is not None:
        target = f">= {number(row.at_least)}"
    return f"{row.name:<{NAME_WIDTH}} {number(row.median):>10}  {spread:<20} {row.unit:<15} {target:<10} {row.verdict}".rstrip()


def processor():
    for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.machine()


def commit():
    done = subprocess.run(["git", "-C", str(ROOT), "describe", "--always", "--dirty"], capture_output=True, text=True,
                          check=False)
    return done.stdout.strip() or "unknown"


def versions():
    """Of the packages above that are installed, as dpkg has them."""
    command = ["dpkg-query", "--show", "--showformat", "${Package} ${Version}\n", *PACKAGES.values()]
    try:
        said = subprocess.run(command, capture_output=True, text=True, check=False).stdout
    except FileNotFoundError:
        return {}
    found = dict(line.split() for line in said.splitlines() if len(line.split()) == 2)
    return {program: found[package] for program, package in PACKAGES.items() if package in found}


def conditions(accelerator):
    return {"processor": processor(), "processors": os.cpu_count(), "memory_mb": round(memory_mb()),
            "kernel": platform.release(), "accelerator": accelerator, "commit": commit(), "load": os.getloadavg()[0],
            "versions": versions()}


def memory_mb():
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 1e6


def print_head(facts):
    print(f"{facts['processor']}, {facts['processors']} processors, Linux {facts['kernel']}, load {facts['load']:.2f}")
    print(f"accelerator {facts['accelerator']}, commit {facts['commit']}")
    print(", ".join(f"{program} {version}" for program, version in facts["versions"].items()))
    if facts["load"] > BUSY_LOAD * facts["processors"]:
        print("The machine is busy with something else: the figures below say little.")
    print()
    print(f"{'':<{NAME_WIDTH}} {'median':>10}  {'spread':<20} {'unit':<15} {'target':<10}", flush=True)


def results_path():
    """Other files of a run are beside it."""
    return pathlib.Path(os.environ.get("RESULTS", BUILD / "bench" / "results.json"))


def note(what, suffix, text):
    """Leaves beside the results how something was configured, for a person to read or to do again."""
    path = results_path().with_name(f"{what.lower().replace(' ', '-')}.{suffix}")
    path.write_text(text)
    NOTED.setdefault(what, {})[suffix] = path.name


def in_place(rows):
    """Rows as JSON, each with the names that it is indented under in the table."""
    above = []
    for row in rows:
        depth = (len(row.name) - len(row.name.lstrip())) // 2
        above = above[:depth] + [row.name.strip()]
        yield row.as_json() | {"under": above[:-1]}


def with_targets(rows):
    """The rows that have a target, each behind those that it is indented under."""
    kept, above = [], []
    for row in rows:
        depth = (len(row.name) - len(row.name.lstrip())) // 2
        above = above[:depth] + [row]
        if row.verdict not in ("", "skipped"):
            kept += [parent for parent in above if not any(parent is known for known in kept)]
    return kept


def write_results(facts, groups):
    """groups: rows by the name of their group."""
    path = results_path()
    rows = [{"group": group} | row for group, listed in groups.items() for row in in_place(listed)]
    path.write_text(json.dumps(facts | {"configurations": NOTED, "rows": rows}, indent=1) + "\n")
    return path
