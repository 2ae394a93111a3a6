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
        return fields | {"median": self.median, "at_most": self.at_most, "at_least": self.at_least}


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
        return f"{row.name:<34} skipped: {row.why_skipped}"
    spread = f"{number(min(row.samples))} .. {number(max(row.samples))}" if len(row.samples) > 1 else ""
    target = f"<= {number(row.at_most)}" if row.at_most is not None else ""
    if row.at_least is not None:
        target = f">= {number(row.at_least)}"
    return f"{row.name:<34} {number(row.median):>10}  {spread:<20} {row.unit:<15} {target:<10} {row.verdict}".rstrip()


def processor():
    for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.machine()


def commit():
    done = subprocess.run(["git", "-C", str(ROOT), "describe", "--always", "--dirty"], capture_output=True, text=True,
                          check=False)
    return done.stdout.strip() or "unknown"


def conditions(accelerator):
    return {"processor": processor(), "processors": os.cpu_count(), "kernel": platform.release(),
            "accelerator": accelerator, "commit": commit(), "load": os.getloadavg()[0]}


def print_head(facts):
    print(f"{facts['processor']}, {facts['processors']} processors, Linux {facts['kernel']}, load {facts['load']:.2f}")
    print(f"accelerator {facts['accelerator']}, commit {facts['commit']}\n")
    print(f"{'':<34} {'median':>10}  {'spread':<20} {'unit':<15} {'target':<10}", flush=True)


def results_path():
    """Other files of a run are beside it."""
    return pathlib.Path(os.environ.get("RESULTS", BUILD / "bench" / "results.json"))


def write_results(facts, rows):
    path = results_path()
    path.write_text(json.dumps(facts | {"rows": [row.as_json() for row in rows]}, indent=1) + "\n")
    return path
