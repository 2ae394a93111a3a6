# SPDX-License-Identifier: Apache-2.0
"""Runs rounds, and tells in TAP what came of them. The kernel's router is in a network namespace of a user namespace's own:
no root is needed. `nftables` and `test_nftables` say which rounds."""

import collections
import contextlib
import os
import platform
import shutil
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import differences
import kernel
import nft
import rounds
import rules
import shrink
import weir

INSIDE = "WEIR_KERNEL_INSIDE"
TOOLS = ("ip", "nft", "unshare")
FRAME_BYTES_SHOWN = 200


def enter_namespaces():
    """Starts this program again as root of new namespaces; returns why not."""
    for flags in (["--user", "--map-root-user", "--net"], ["--net"]):
        if subprocess.run(["unshare", *flags, "true"], capture_output=True, check=False).returncode == 0:
            os.environ[INSIDE] = "1"
            os.execvp("unshare", ["unshare", *flags, sys.executable, *sys.argv])
    return "no user namespaces, and not root"


def why_not():
    """Why the comparison cannot run here, or None."""
    missing = [tool for tool in TOOLS if not shutil.which(tool)]
    if missing:
        return f"not installed: {', '.join(missing)}"
    if not os.environ.get(INSIDE):
        return enter_namespaces()
    probe = rules.RuleSet(rules.DROP, [rules.Rule("begin", rules.REJECT, ("new",))], {}, True, rules.Nat(masquerade4=True))
    try:
        kernel.run("nft", "-f", "-", text=nft.ruleset(probe))  # in this namespace, for its modules: they bring settings
        kernel.run("nft", "flush", "ruleset")
        with kernel.Router(nft.ruleset(probe)):
            return None
    except (kernel.Broken, OSError) as error:
        return f"nftables does not work here: {' '.join(str(error).split())}"


def release():
    """The kernel's version, as far as it counts: "6.1"."""
    return ".".join(platform.release().split(".")[:2])


class Tap:
    def __init__(self):
        self.count = self.failed = 0

    def tell(self, name, wrong, excuse=None):
        self.count += 1
        self.failed += bool(wrong and not excuse)
        print(f"{'not ok' if wrong and not excuse else 'ok'} {self.count} - {name}{f' # SKIP {excuse}' if wrong and excuse else ''}")
        for line in wrong:
            print(f"# {line}")
        sys.stdout.flush()


def rules_of(rule_set):
    """The part of a configuration that says what passes."""
    lines = weir.configuration(rule_set).splitlines()
    return [line for line in lines[lines.index("firewall:") :] if not line.startswith(("router:", "log:"))]


def tell_failure(one, run, case, accel):
    """All that is needed to see one difference, and to see it again."""
    steps, run, case = shrink.shrink(one, run, case, accel)
    frame = case.frame[:FRAME_BYTES_SHOWN].hex()
    return [*rounds.headline(case), f"again: {one.again([step.number for step in steps])}", "its packets:", *run.history(),
            f"frame: {frame}{'...' if len(case.frame) > FRAME_BYTES_SHOWN else ''}"]


class Comparison:
    """Some rounds, one after the other; images are built ahead."""

    def __init__(self, accel="process", failures_shown=3, excuse=None):
        self.accel, self.failures_shown, self.excuse = accel, failures_shown, excuse
        self.tap = Tap()
        self.packets, self.argued, self.fates = 0, collections.Counter(), collections.Counter()

    def differences(self, one):
        """Runs a round. Returns its differences that have no argument, as lines."""
        run = one.run(self.accel)
        self.packets += run.packets
        self.argued.update(run.argued)
        self.fates.update(run.fates)
        if not run.failures:
            return []
        lines = [f"{len(run.failures)} differences without an argument; all of it again: {one.again()}",
                 f"rules, also in {one.folder.relative_to(weir.ROOT)}:", *rules_of(one.rule_set)]
        for case in run.failures[: self.failures_shown]:
            lines += tell_failure(one, run, case, self.accel)
        return "\n".join(lines).splitlines()

    def say_totals(self):
        print(f"# {self.packets} packets; in the kernel: " + ", ".join(f"{name} {count}" for name, count in self.fates.most_common()))
        whys = {one.name: one.why for one in differences.LIST}
        for name, count in self.argued.most_common():
            print(f"# {count:5} {name}: {whys.get(name, 'what follows from it')}")

    def run(self, chosen, seconds=None):
        """Runs rounds, in order; none is begun after `seconds`. Returns the exit status."""
        until = time.monotonic() + seconds if seconds else None
        everywhere = os.sched_getaffinity(0)
        with contextlib.ExitStack() as stack:
            pool = stack.enter_context(ThreadPoolExecutor(os.cpu_count()))
            built = [pool.submit(one.build) for one in chosen]
            stack.callback(pool.shutdown, cancel_futures=True)
            os.sched_setaffinity(0, {min(everywhere)})  # see kernel.py; of this thread only
            for one, done in zip(chosen, built):
                if until and time.monotonic() > until:
                    self.tap.tell(one.name, ["not begun"], f"{seconds} seconds are over")
                    continue
                try:
                    done.result()
                    self.tap.tell(one.name, self.differences(one), self.excuse)
                except kernel.Busy as busy:
                    self.tap.tell(one.name, [str(busy)], str(busy))
                except (weir.Broken, kernel.Broken, OSError) as error:
                    self.tap.tell(one.name, [*f"{type(error).__name__}: {error}".splitlines(), f"again: {one.again()}"])
        self.say_totals()
        print(f"1..{self.tap.count}")
        return 1 if self.tap.failed else 0


def can_run():
    """Whether it can; says why not, as a test that is skipped."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    reason = why_not()
    if reason:
        print(f"1..0 # SKIP {reason}")
    return reason is None
