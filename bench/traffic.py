# SPDX-License-Identifier: Apache-2.0
"""The traffic generator as a process: trials in, results out. bench/generator/README.md says what words and results
there are, and how a link with it is laid out."""

import json
import os
import select
import subprocess
import tempfile
import time

from harness import BUILD, Unavailable

PROGRAM = BUILD / "generator"
READY_SECONDS = 30
MARGIN_SECONDS = 90  # that a trial may take beyond its own time: links, openings, the last frames


def cores():
    """Of what this process may use: one for the appliance, one for the generator. The same one if there is no other."""
    usable = sorted(os.sched_getaffinity(0))
    return usable[0], usable[-1]


class Generator:
    """A context: the generator runs inside, and listens at `sockets`. words: defaults for all of its trials."""

    def __init__(self, core=None, **words):
        self.core = cores()[1] if core is None else core
        self.words = words
        self.more = {}  # defaults that may be changed between trials
        self.device_thread = None  # of what is tested: then results say how long it waited for its processor

    def __enter__(self):
        if not PROGRAM.exists():
            raise Unavailable("build/generator is not there (make generator)")
        self.folder = tempfile.TemporaryDirectory(prefix="weir-generator-")
        self.sockets = [os.path.join(self.folder.name, side) for side in "ab"]
        words = {"a": self.sockets[0], "b": self.sockets[1], "core": self.core} | self.words
        self.errors = open(os.path.join(self.folder.name, "errors"), "w+", encoding="utf-8")
        self.process = subprocess.Popen([str(PROGRAM), *words_of(words)], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=self.errors)
        self.buffer = b""
        try:
            self.read(READY_SECONDS)
        except Unavailable:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()
        self.errors.close()
        self.folder.cleanup()

    def said(self):
        self.errors.seek(0)
        return self.errors.read().strip()[-300:] or "nothing"

    def read(self, seconds):
        end = time.monotonic() + seconds
        while b"\n" not in self.buffer:
            left = end - time.monotonic()
            if left <= 0 or not select.select([self.process.stdout], [], [], left)[0]:
                raise Unavailable(f"the generator gave no result within {seconds:.0f} s")
            more = os.read(self.process.stdout.fileno(), 65536)
            if not more:
                raise Unavailable(f"the generator ended; it said: {self.said()}")
            self.buffer += more
        line, self.buffer = self.buffer.split(b"\n", 1)
        return json.loads(line)

    def trial(self, **words):
        """One trial's result. Raises Unavailable with what the generator says is wrong."""
        words = self.more | words
        before = waited_ms(self.device_thread)
        self.process.stdin.write((" ".join(words_of(words)) + "\n").encode())
        self.process.stdin.flush()
        result = self.read(float(words.get("seconds", self.words.get("seconds", 1))) + MARGIN_SECONDS)
        if "error" in result:
            raise Unavailable(f"generator: {result['error']}")
        result["device_waited_ms"] = waited_ms(self.device_thread) - before
        return result


def schedstat(thread):
    """Nanoseconds that a thread ran, and that it was ready to run and did not: proc(5)."""
    try:
        with open(f"/proc/{thread}/schedstat", encoding="ascii") as file:
            ran, waited = file.read().split()[:2]
            return int(ran), int(waited)
    except (OSError, ValueError):
        return 0, 0


def waited_ms(thread):
    return schedstat(thread)[1] / 1e6


def words_of(words):
    """Python's names have no hyphens: a_mac is the word a-mac. Sequences are joined by commas."""
    texts = []
    for name, value in words.items():
        if isinstance(value, (list, tuple)):
            value = ",".join(str(item) for item in value)
        elif isinstance(value, float):
            value = f"{value:.6f}"
        texts.append(f"{name.replace('_', '-')}={value}")
    return texts
