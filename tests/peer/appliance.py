# SPDX-License-Identifier: Apache-2.0
"""The appliance between the hosts: an image built from one of the YAML files here, `weir run` in the background, and
what its counters must say in the end."""

import json
import pathlib
import signal
import subprocess
import time

from hosts import Failed, background, sh

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
WEIR = ROOT / "build/weir"
BURST_MAX = 32  # nf/packet.h
START_SECONDS = 30  # until the first ping is answered
END_SECONDS = 20  # from SIGINT to the last report


def build_image(name, folder, configuration=None):
    """Of a YAML file here, or of another."""
    folder.mkdir(parents=True, exist_ok=True)
    image = folder / f"{name}.elf"
    sh(str(WEIR), "build", str(configuration or ROOT / f"tests/peer/{name}.yaml"), "-o", str(image), timeout=120)
    return image


class Appliance:
    """`weir run` between lan0 and wan0, or other taps; its standard output is one JSON object a line."""

    def __init__(self, image, options, folder, stack, taps=("lan=lan0", "wan=wan0")):
        self.out, self.err = folder / "run.json", folder / "run.log"
        command = [WEIR, "run", image, *(word for tap in taps for word in ("--tap", tap)), "--json", *options]
        out, err = stack.enter_context(open(self.out, "wb")), stack.enter_context(open(self.err, "wb"))
        self.process = stack.enter_context(background(command, stdout=out, stderr=err))

    def log(self):
        return self.err.read_text(errors="replace")[-3000:]

    def wait_until_it_answers(self, client, address):
        deadline = time.monotonic() + START_SECONDS
        probe = client.words("ping", "-n", "-c", "1", "-W", "1", address)
        while subprocess.run(probe, capture_output=True, check=False).returncode:
            if self.process.poll() is not None:
                raise Failed(f"weir run ended with status {self.process.returncode}\n{self.log()}")
            if time.monotonic() > deadline:
                raise Failed(f"no answer to a ping in {START_SECONDS} seconds\n{self.log()}")
        return True

    def reports(self):
        """What it has said so far; the line that it writes just now may be half there."""
        lines = self.out.read_text().splitlines(keepends=True)
        return [json.loads(line) for line in lines if line.endswith("\n")]

    def end(self):
        """Ends it in order. Returns its last report."""
        self.process.send_signal(signal.SIGINT)
        try:
            status = self.process.wait(END_SECONDS)
        except subprocess.TimeoutExpired as late:
            raise Failed(f"weir run still runs {END_SECONDS} seconds after SIGINT\n{self.log()}") from late
        if status:
            raise Failed(f"weir run ended with status {status}\n{self.log()}")
        return self.reports()[-1]


def check_books(report):
    """The two equations of nf/stats.h. What was ended in the middle of a burst had its packets in hand."""
    books, ports = report["books"], report["ports"]
    received, sent = sum(port["rx_packets"] for port in ports), sum(port["tx_packets"] for port in ports)
    ended = books["forwarded"] + books["consumed"] + sum(report["dropped"].values()) + books["held"]
    left = books["forwarded"] - books["fragmented"] + books["fragments"] + books["originated"]
    in_hand = BURST_MAX if books["in_burst"] else 0
    if not 0 <= received - ended <= in_hand:
        raise Failed(f"received {received}, but forwarded, consumed, dropped and held make {ended}: {report}")
    if not -in_hand <= sent - left <= in_hand:
        raise Failed(f"transmitted {sent}, but forwarded, fragments and originated make {left}: {report}")
    if not books["forwarded"]:
        raise Failed("nothing was forwarded")


def check_rules(report, unmet=("default",)):
    """Every rule was met, but those that nothing should meet."""
    never = {rule["name"] for rule in report["rules"] if not rule["packets"]} - set(unmet)
    if never:
        raise Failed(f"rules never met: {never}")


def check_drops(report, *reasons):
    """Something was dropped under each of these."""
    if never := [reason for reason in reasons if not report["dropped"].get(reason)]:
        raise Failed(f"nothing dropped as {', '.join(never)}: {report['dropped']}")
