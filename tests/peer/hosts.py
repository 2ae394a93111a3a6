# SPDX-License-Identifier: Apache-2.0
"""Real hosts: Linux network stacks in namespaces of their own, around the namespace that the test is in.

test_peer, test_nat and test_soak begin with enter_namespaces(), which starts them again in a user namespace, so that no
root is needed and everything goes with it. A Host is joined to a bridge here by a veth pair; the appliance's tap
interfaces are on the same bridges."""

import contextlib
import ctypes
import os
import pathlib
import shutil
import socket
import subprocess
import sys
import threading
import time

import tagger

INSIDE = "WEIR_PEER_INSIDE"
SEGMENTS_MAX = 65535  # Linux's default for gso_max_segs
WAIT_SECONDS = 10  # for what takes a moment


class Failed(Exception):
    """A test's complaint, several lines at most."""


def why_not(tools):
    """Starts this program again as root of a new user namespace, unless it is there already. Returns why the test can't
    run here, or None."""
    missing = [tool for tool in tools if not shutil.which(tool)]
    if missing:
        return f"not installed: {', '.join(missing)}"
    try:
        os.close(os.open("/dev/net/tun", os.O_RDWR))
    except OSError as error:
        return f"/dev/net/tun: {error.strerror}"
    return None if os.environ.get(INSIDE) else enter_namespaces()


def enter_namespaces():
    for flags in (["--user", "--map-root-user", "--net"], ["--net"]):
        if subprocess.run(["unshare", *flags, "true"], capture_output=True, check=False).returncode == 0:
            os.environ[INSIDE] = "1"
            os.execvp("unshare", ["unshare", *flags, sys.executable, *sys.argv])
    return "no user namespaces, and not root"


def sh(*words, timeout=20):
    """Runs a command that must succeed. Returns its output."""
    done = subprocess.run(words, capture_output=True, text=True, errors="replace", timeout=timeout, check=False)
    if done.returncode:
        raise Failed(f"{' '.join(words)}: exit status {done.returncode}\n{(done.stdout + done.stderr).strip()}")
    return done.stdout


@contextlib.contextmanager
def background(command, **options):
    """A process that ends with the block."""
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, **options)
    try:
        yield process
    finally:
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def service(command, stack):
    """A background process that says `ready` when it is."""
    process = stack.enter_context(background(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT))
    if (line := process.stdout.readline()) != b"ready\n":
        raise Failed(f"{' '.join(map(str, command))}: {line + process.stdout.read()}")
    return process


def wait_until(question, what, seconds=WAIT_SECONDS):
    """Asks until the answer is true; returns it."""
    deadline = time.monotonic() + seconds
    while not (answer := question()):
        if time.monotonic() > deadline:
            raise Failed(f"not within {seconds} seconds: {what}")
        time.sleep(0.02)
    return answer


def make_bridge(name, tap=None):
    """A bridge in this namespace, with a tap interface on it for a port of the appliance."""
    sh("ip", "link", "add", name, "type", "bridge")
    if tap:
        sh("ip", "tuntap", "add", tap, "mode", "tap")
        sh("ip", "link", "set", tap, "master", name, "up")
    sh("ip", "link", "set", name, "up")


class Host:
    """A network namespace with a veth pair to a bridge. A sleeping process holds it."""

    def __init__(self, name, stack):
        self.name = name
        self.holder = stack.enter_context(background(["unshare", "--net", "sleep", "3600"]))
        mine = os.readlink("/proc/self/ns/net")
        wait_until(lambda: os.readlink(self.path) != mine, f"a namespace for {name}")

    @property
    def path(self):
        return f"/proc/{self.holder.pid}/ns/net"

    def words(self, *words):
        return ["nsenter", f"--net={self.path}", *words]

    def sh(self, *words, timeout=20):
        return sh(*self.words(*words), timeout=timeout)

    @contextlib.contextmanager
    def inside(self):
        """This thread is in the host's namespace. What it opens there stays there."""
        with open("/proc/thread-self/ns/net", "rb") as before, open(self.path, "rb") as there:
            set_namespace(there)
            try:
                yield
            finally:
                set_namespace(before)

    def socket(self, kind=socket.SOCK_STREAM, family=socket.AF_INET, bind=None):
        """A socket of the host's, for use out here: it waits for nothing longer than WAIT_SECONDS."""
        with self.inside():
            made = socket.socket(family, kind)
        made.settimeout(WAIT_SECONDS)
        if bind:
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            made.bind(bind)
        return made

    def set(self, key, value):
        """A sysctl of the namespace: net.ipv4.ip_forward."""
        with self.inside():
            pathlib.Path("/proc/sys", *key.split(".")).write_text(str(value), encoding="ascii")

    def attach(self, bridge, mtu=1500, device="eth0"):
        up, down = f"{self.name}-up{device[-1]}", f"{self.name}-{device}"
        sh("ip", "link", "add", up, "type", "veth", "peer", "name", down)
        sh("ip", "link", "set", down, "netns", str(self.holder.pid), "name", device)
        sh("ip", "link", "set", up, "master", bridge, "up")
        self.sh("ip", "link", "set", "lo", "up")
        self.sh("ip", "link", "set", device, "mtu", str(mtu), "up")

    def attach_tagged(self, bridge, vlan, stack):
        """An eth0 whose frames are on the bridge with a tag."""
        sh("ip", "link", "add", "tag-up", "type", "veth", "peer", "name", "tag-down")
        sh("ip", "link", "set", "tag-down", "up")
        sh("ip", "link", "set", "tag-up", "master", bridge, "up")
        service([sys.executable, tagger.__file__, "tag-down", str(vlan), self.path, "eth0"], stack)
        self.sh("ip", "link", "set", "lo", "up")
        self.sh("ip", "link", "set", "eth0", "up")

    def address(self, *addresses, device="eth0"):
        """Addresses with their prefix lengths: 10.0.0.10/24."""
        for address in addresses:
            family = ["-6"] if ":" in address else []
            late = ["nodad"] if family else []
            self.sh("ip", *family, "address", "add", address, "dev", device, *late)

    def gateways(self, *gateways):
        for gateway in gateways:
            self.sh("ip", *(["-6"] if ":" in gateway else []), "route", "add", "default", "via", gateway)

    def segments(self, count):
        """How many TCP segments may go as one super-frame. 1 for captures, which hold frames as they are on a wire."""
        self.sh("ip", "link", "set", "eth0", "gso_max_segs", str(count))

    def forget(self):
        """Path MTUs and neighbours."""
        for words in (["route", "flush", "cache"], ["-6", "route", "flush", "cache"], ["neigh", "flush", "all"]):
            self.sh("ip", *words)


def set_namespace(where):
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.setns(where.fileno(), tagger.CLONE_NEWNET):
        raise OSError(ctypes.get_errno(), "setns")


class Tap:
    """Writes TAP; threads may share it."""

    def __init__(self):
        self.count = self.failed = 0
        self.lock = threading.Lock()

    def tell(self, name, attempt):
        """Runs a test. Returns what it returned, None when it failed."""
        result, wrong = None, None
        try:
            result = attempt()
        except (Failed, OSError, ValueError, KeyError, subprocess.SubprocessError) as error:
            wrong = f"{type(error).__name__}: {error}"
        with self.lock:
            self.count += 1
            self.failed += bool(wrong)
            print(f"{'not ok' if wrong else 'ok'} {self.count} - {name}", flush=True)
            for line in (wrong or "").splitlines():
                print(f"# {line}")
        return result
