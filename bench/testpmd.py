# SPDX-License-Identifier: Apache-2.0
"""DPDK's testpmd between the generator's two sides: the least that can stand there, and so the link's own ceiling.

Mode `io` passes frames as they are, `macswap` exchanges their MAC addresses: it reads and writes each frame.
"""

import os
import shutil
import subprocess
import tempfile

from harness import Unavailable

PROGRAM = "dpdk-testpmd"
END_SECONDS = 10


class Testpmd:
    """A context: testpmd forwards inside, on one core. It has the front ends of the sockets, by virtio-user."""

    def __init__(self, sockets, mode="macswap", core=0, packed=True, entries=1024):
        self.prefix = f"testpmd-{os.getpid()}"
        # Its own prompt needs a thread, which sleeps; it may be on the same core.
        self.command = [PROGRAM, f"--lcores=0@{core},1@{core}", "--no-huge", "-m", "256", "--no-pci", "--no-telemetry",
                        "--no-shconf", f"--file-prefix={self.prefix}"]
        for slot, path in enumerate(sockets):
            self.command += ["--vdev", f"net_virtio_user{slot},path={path},queue_size={entries},"
                             f"packed_vq={int(packed)}"]
        self.command += ["--", "-i", f"--forward-mode={mode}", f"--rxd={entries}", f"--txd={entries}",
                         f"--total-num-mbufs={16 * entries}"]

    def __enter__(self):
        if not shutil.which(PROGRAM):
            raise Unavailable(f"{PROGRAM} is not installed (package dpdk-dev)")
        self.output = tempfile.TemporaryFile("w+")
        self.process = subprocess.Popen(self.command, stdin=subprocess.PIPE, stdout=self.output,
                                        stderr=subprocess.STDOUT, text=True)
        # It answers nothing that could be waited for, as it holds its output back: the generator waits for its ports.
        self.process.stdin.write("start\n")
        self.process.stdin.flush()
        return self

    def __exit__(self, *_):
        try:
            self.process.communicate("stop\nquit\n", END_SECONDS)
        except (subprocess.TimeoutExpired, BrokenPipeError, ValueError):
            self.process.kill()
            self.process.wait()
        self.output.close()
        for base in ("/var/run", os.environ.get("XDG_RUNTIME_DIR", "/tmp"), "/tmp"):  # where EAL leaves an empty folder
            shutil.rmtree(f"{base}/dpdk/{self.prefix}", ignore_errors=True)

    def said(self):
        self.output.seek(0)
        return self.output.read()
