# SPDX-License-Identifier: Apache-2.0
"""DPDK's testpmd between the generator's two sides: the least that can stand there, and so the link's own ceiling.

Mode `io` passes frames as they are, `macswap` exchanges their MAC addresses: it reads and writes each frame.
"""

import os
import shlex
import shutil
import subprocess
import tempfile

import harness
from harness import Unavailable

PROGRAM = "dpdk-testpmd"
PREFIX = f"testpmd-{os.getpid()}"  # of what EAL leaves behind
END_SECONDS = 10


def virtio_user(slot, path, packed=True, entries=1024, more=""):
    """The device that is the front end of a vhost-user socket."""
    return f"net_virtio_user{slot},path={path},queue_size={entries},packed_vq={int(packed)}{more}"


def command(devices, mode, core, entries=1024):
    """testpmd between devices: of each two that follow each other. It forwards on being told `start`."""
    # Its own prompt needs a thread, which sleeps; it may be on the same core.
    return [PROGRAM, f"--lcores=0@{core},1@{core}", "--no-huge", "-m", "256", "--no-pci", "--no-telemetry", "--no-shconf",
            f"--file-prefix={PREFIX}", *[word for device in devices for word in ("--vdev", device)],
            "--", "-i", f"--forward-mode={mode}", f"--rxd={entries}", f"--txd={entries}", f"--total-num-mbufs={16 * entries}"]


def forget():
    """Removes the folder that EAL leaves, empty."""
    for base in ("/var/run", os.environ.get("XDG_RUNTIME_DIR", "/tmp"), "/tmp"):
        shutil.rmtree(f"{base}/dpdk/{PREFIX}", ignore_errors=True)


class Testpmd:
    """A context: testpmd forwards inside, on one core. It has the front ends of the sockets, by virtio-user."""

    def __init__(self, sockets, mode="macswap", core=0, packed=True, entries=1024):
        devices = [virtio_user(slot, path, packed, entries) for slot, path in enumerate(sockets)]
        self.command, self.mode = command(devices, mode, core, entries), mode

    def __enter__(self):
        if not shutil.which(PROGRAM):
            raise Unavailable(f"{PROGRAM} is not installed (package dpdk-dev)")
        harness.note(f"testpmd-{self.mode}", "sh", f"{shlex.join(self.command)}  # start\n")
        self.output = tempfile.TemporaryFile("w+")
        self.process = subprocess.Popen(self.command, stdin=subprocess.PIPE, stdout=self.output,
                                        stderr=subprocess.STDOUT, text=True)
        # It answers nothing that could be waited for, as it holds its output back: the generator waits for its ports.
        self.process.stdin.write("start\n")
        self.process.stdin.flush()
        self.pid = self.process.pid
        return self

    def __exit__(self, *_):
        try:
            self.process.communicate("stop\nquit\n", END_SECONDS)
        except (subprocess.TimeoutExpired, BrokenPipeError, ValueError):
            self.process.kill()
            self.process.wait()
        self.output.close()
        forget()

    def said(self):
        self.output.seek(0)
        return self.output.read()
