# SPDX-License-Identifier: Apache-2.0
"""What the tests of formats share: TAP, the image, a frame and where it must come out, waiting for READY."""

import contextlib
import functools
import os
import pathlib
import socket
import stat
import struct
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
WEIR = ROOT / "build/weir"
MACS = {"lan": "02:00:00:00:01:00", "wan": "02:00:00:00:01:01"}
BOOT_SECONDS = 120  # for any firmware, on a machine that is busy
FRAME_SECONDS = 30
ETH_P_ALL = 3


class Failed(Exception):
    """A test's complaint, several lines at most."""


class Tap:
    def __init__(self):
        self.count = self.failures = 0

    def result(self, good, name, *why):
        self.count += 1
        self.failures += not good
        print(f"{'ok' if good else 'not ok'} {self.count} - {name}")
        for text in [] if good else why:
            for line in str(text).splitlines():
                print(f"# {line}")
        sys.stdout.flush()

    def skip(self, name, reason):
        self.count += 1
        print(f"ok {self.count} - {name} # SKIP {reason}", flush=True)

    def attempt(self, name, test, *arguments):
        """Passes if the test raises no Failed."""
        try:
            test(*arguments)
        except Failed as why:
            self.result(False, name, why)
        else:
            self.result(True, name)

    def finish(self):
        print(f"1..{self.count}")
        return 1 if self.failures else 0


def run(*words, cwd=None, env=None, timeout=240, status=0):
    """Runs a command that must end with this status. Returns what it said."""
    done = subprocess.run([str(word) for word in words], cwd=cwd, env={**os.environ, **(env or {})}, timeout=timeout,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    said = done.stdout.decode(errors="replace")
    if done.returncode != status:
        raise Failed(f"{' '.join(map(str, words))}: exit status {done.returncode} instead of {status}\n{said}")
    return said


def build(folder):
    image = folder / "gw.elf"
    run(WEIR, "build", HERE / "gateway.yaml", "-o", image)
    return image


@contextlib.contextmanager
def work_folder():
    with tempfile.TemporaryDirectory(prefix="weir-formats-") as folder:
        yield pathlib.Path(folder)


@functools.cache
def kvm_starts():
    """Whether QEMU starts an empty machine with KVM, as the scripts want it."""
    if not os.path.exists("/dev/kvm") or not stat.S_ISCHR(os.stat("/dev/kvm").st_mode) or not os.access("/dev/kvm", os.R_OK | os.W_OK):
        return False
    return subprocess.run(["qemu-system-x86_64", "-nodefaults", "-display", "none", "-machine", "microvm,acpi=off", "-accel", "kvm",
                           "-cpu", "host,-arch-capabilities", "-m", "16M", "-S", "-monitor", "stdio"], input=b"quit\n",
                          capture_output=True, timeout=60, check=False).returncode == 0


def checksum(header):
    total = sum(struct.unpack(f"!{len(header) // 2}H", header))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def frame():
    """Of UDP, from a host on lan to one behind wan's gateway."""
    data = b"is there anybody out there"
    ip = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 28 + len(data), 1, 0, 64, 17, 0, socket.inet_aton("10.0.0.10"),
                     socket.inet_aton("198.51.100.1"))
    ip = ip[:10] + struct.pack("!H", checksum(ip)) + ip[12:]
    return (bytes.fromhex(MACS["lan"].replace(":", "")) + bytes.fromhex("020000000a0a0800") + ip +
            struct.pack("!4H", 4242, 4242, 8 + len(data), 0) + data)


def is_forwarded(got):
    """To the gateway, one hop older."""
    return got.startswith(bytes.fromhex("02000000 0b0b 020000000101 0800")) and got[22] == 63 and got.endswith(b"out there")


class Datagrams:
    """Network cards whose other ends are datagram sockets of the test's: QEMU's -netdev dgram."""

    def __init__(self, folder):
        self.arguments, self.sockets, self.remote = [], {}, {}
        for port, mac in MACS.items():
            ours, theirs = folder / f"{port}.ours", folder / f"{port}.theirs"
            for path in (ours, theirs):
                path.unlink(missing_ok=True)
            end = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
            end.bind(str(ours))
            self.sockets[port], self.remote[port] = end, str(theirs)
            self.arguments += ["-netdev", f"dgram,id={port},local.type=unix,local.path={theirs},remote.type=unix,remote.path={ours}",
                               "-device", f"virtio-net-pci,mac={mac},netdev={port},romfile="]

    def send(self, data):
        self.sockets["lan"].sendto(data, self.remote["lan"])

    def receive(self, seconds):
        self.sockets["wan"].settimeout(seconds)
        return self.sockets["wan"].recv(65536)

    def close(self):
        for end in self.sockets.values():
            end.close()


class Interfaces:
    """Network cards behind interfaces of this namespace that are called as the ports are."""

    def __init__(self):
        self.lan, self.wan = (socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL)) for _ in MACS)
        self.lan.bind(("lan", 0))
        self.wan.bind(("wan", 0))

    def send(self, data):
        self.lan.send(data)

    def receive(self, seconds):
        self.wan.settimeout(seconds)
        return self.wan.recv(65536)

    def close(self):
        self.lan.close()
        self.wan.close()


def wait_ready(process, console):
    """Until the console has the image's line."""
    end = time.monotonic() + BOOT_SECONDS
    while time.monotonic() < end:
        ended = process.poll() is not None
        said = console.read_text(errors="replace") if console.exists() else ""
        if "READY format-gw" in said:
            return said
        if ended:
            raise Failed(f"it ended with status {process.returncode}\n{said[-800:]}")
        time.sleep(0.02)
    raise Failed(f"no READY within {BOOT_SECONDS} s; it said:\n{said[-800:]}")


def check_forwards(wires):
    """Frames may be lost until both cards are up."""
    end = time.monotonic() + FRAME_SECONDS
    while time.monotonic() < end:
        with contextlib.suppress(OSError):
            wires.send(frame())
        with contextlib.suppress(TimeoutError):
            until = time.monotonic() + 0.2
            while time.monotonic() < until:
                if is_forwarded(wires.receive(0.2)):
                    return
    raise Failed(f"no frame was forwarded within {FRAME_SECONDS} s")


def check_boots(command, said, wires, cwd=None, console=None):
    """Starts a command, whose image must get ready and forward a frame. What the command says goes to the file `said`, and
    with it the image's console, unless that is another file."""
    with open(said, "wb") as out:
        process = subprocess.Popen([str(word) for word in command], cwd=cwd, stdin=subprocess.DEVNULL, stdout=out,
                                   stderr=subprocess.STDOUT)
    try:
        wait_ready(process, console or said)
        check_forwards(wires)
    finally:
        process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(10)
        process.kill()
        process.wait()
        wires.close()
