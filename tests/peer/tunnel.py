# SPDX-License-Identifier: Apache-2.0
"""The other ends of tunnels: wireguard-go on a host (hosts.Host), set up and asked with wg(8)."""

import base64
import contextlib
import os
import subprocess

from hosts import background, wait_until

TOOLS = ("ip", "unshare", "nsenter", "mount", "ping", "wg", "wireguard-go")
# wg finds wireguard-go by a socket in /run/wireguard, and all hosts share the files: each gets a /run of its own.
OWN_RUN = "mount -t tmpfs none /run && exec \"$@\""
START_SECONDS = 60  # until wireguard-go is there: it takes seconds under a debugger, and more on a busy machine


def text(key):
    """A key as wg writes it."""
    return base64.b64encode(key).decode()


class Tunnel:
    """A wireguard-go process and its interface."""

    def __init__(self, host, folder, private, stack, port=51820, around=(), device="wg0"):
        """`around` are words in front of wireguard-go's own: a debugger's."""
        self.host, self.folder, self.port, self.private, self.device = host, folder, port, private, device
        folder.mkdir(parents=True, exist_ok=True)
        self.around, self.stack = around, stack
        self.process = self.life = None

    def start(self, *addresses, mtu=None):
        """Begins (again), with addresses inside the tunnel."""
        self.life = self.stack.enter_context(contextlib.ExitStack())
        path = self.folder / f"{self.host.name}-{self.device}.log"
        log = self.life.enter_context(open(path, "wb"))
        command = self.host.words("unshare", "--mount", "sh", "-c", OWN_RUN, "sh", *self.around, "wireguard-go", "-f", self.device)
        environment = {**os.environ, "LOG_LEVEL": "verbose", "WG_PROCESS_FOREGROUND": "1"}
        self.process = self.life.enter_context(background(command, stdout=log, stderr=log, env=environment))
        # Not by asking wg: a socket that is bound and does not listen yet is stale to it, and it removes those.
        wait_until(lambda: b"UAPI listener started" in path.read_bytes(), f"wireguard-go on {self.host.name}, see {path}",
                   START_SECONDS)
        self.wg("set", self.device, "listen-port", str(self.port), "private-key", self.secret("private", self.private))
        self.host.address(*addresses, device=self.device)
        self.host.sh("ip", "link", "set", self.device, *(["mtu", str(mtu)] if mtu else []), "up")
        wait_until(lambda: b"requested Up, now Up" in path.read_bytes(), f"wireguard-go on {self.host.name} is up, see {path}",
                   START_SECONDS)

    def end(self):
        """It and its interface are gone, as after a power failure."""
        self.process.kill()
        self.process.wait()
        self.life.close()

    def words(self, *words):
        return ["nsenter", f"--mount=/proc/{self.process.pid}/ns/mnt", f"--net={self.host.path}", "wg", *words]

    def wg(self, *words):
        return subprocess.run(self.words(*words), capture_output=True, check=True, text=True, timeout=20).stdout

    def secret(self, name, key):
        """A key in a file, where wg wants it."""
        path = self.folder / f"{self.host.name}-{self.device}.{name}"
        path.write_text(text(key) + "\n", encoding="ascii")
        return str(path)

    def peer(self, public, *allowed, psk=None, endpoint=None, keepalive=None):
        """Adds or changes a peer."""
        words = ["set", self.device, "peer", text(public), "allowed-ips", ",".join(allowed)]
        words += ["preshared-key", self.secret("psk", psk)] if psk else []
        words += ["endpoint", endpoint] if endpoint else []
        words += ["persistent-keepalive", str(keepalive)] if keepalive is not None else []
        self.wg(*words)

    def forget(self, public):
        self.wg("set", self.device, "peer", text(public), "remove")

    def shown(self, public):
        """What wg knows of a peer: `endpoint`, and the numbers `handshake` (seconds since 1970, 0 for never), `rx` and `tx`."""
        for line in self.wg("show", self.device, "dump").splitlines()[1:]:
            key, _, endpoint, _, handshake, received, sent, _ = line.split("\t")
            if key == text(public):
                return {"endpoint": endpoint, "handshake": int(handshake), "rx": int(received), "tx": int(sent)}
        raise KeyError(f"no peer {text(public)} on {self.host.name}")
