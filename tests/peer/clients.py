# SPDX-License-Identifier: Apache-2.0
"""What real programs do on a host (hosts.Host), and what must come of it: each raises Failed where it doesn't."""

import json
import re
import subprocess
from concurrent.futures import ThreadPoolExecutor

import server as web
from hosts import Failed, background

WEB_PORT = 8080


def ping(host, target, *options, count=3, timeout=30):
    output = host.sh("ping", "-n", "-c", str(count), "-i", "0.2", "-W", "3", *options, target, timeout=timeout)
    if f"{count} received" not in output:
        raise Failed(output)


def ping_fails(host, target, *options, words=""):
    """No answer but, where there are words for it, an error."""
    command = host.words("ping", "-n", "-c", "2", "-i", "0.2", "-W", "1", *options, target)
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    output = done.stdout + done.stderr
    if not done.returncode or not re.search(words, output, re.IGNORECASE):
        raise Failed(f"not {words!r} in:\n{output}")


def ping_too_big(host, target, length, words):
    """A ping that must not be fragmented and is too long: the answer names the MTU."""
    ping_fails(host, target, "-M", "do", "-s", str(length), words=words)


def traceroute(host, target, hops, *options):
    """The routers on the way, the target last."""
    output = host.sh("traceroute", "-n", "-q", "1", "-w", "2", "-m", "6", *options, target, timeout=40)
    found = re.findall(r"^\s*\d+\s+([0-9a-f.:]+)", output, re.MULTILINE)
    if found != [*hops, target]:
        raise Failed(f"hops {found}, not {[*hops, target]}\n{output}")


def url(address, port=WEB_PORT):
    return f"http://[{address}]:{port}" if ":" in address else f"http://{address}:{port}"


def curl(host, *words):
    return host.sh("curl", "-sS", "--noproxy", "*", "--max-time", "120", *words, timeout=130)


def download(host, address, length, folder, *options, port=WEB_PORT):
    path = folder / "download"
    curl(host, "-o", str(path), *options, f"{url(address, port)}/{length}")
    data = path.read_bytes()
    path.unlink()
    if web.hashlib.sha256(data).hexdigest() != web.digest(length):
        raise Failed(f"{len(data)} bytes arrived, not the {length} that were sent")


def upload(host, address, length, folder, *options, port=WEB_PORT):
    path = folder / "upload"
    with open(path, "wb") as out:
        out.writelines(web.content(length))
    answer = curl(host, "-T", str(path), "-H", "Expect:", *options, f"{url(address, port)}/")
    path.unlink()
    if answer != web.digest(length):
        raise Failed(f"the server's SHA-256 is {answer!r}")


def no_connection(host, address, port, status, seconds):
    """curl must fail with `status`: 7 refused, 28 no answer."""
    command = host.words("curl", "-sS", "--noproxy", "*", "--max-time", str(seconds), url(address, port))
    done = subprocess.run(command, capture_output=True, text=True, timeout=seconds + 10, check=False)
    if done.returncode != status:
        raise Failed(f"curl's exit status {done.returncode}, not {status}: {done.stderr}")


def iperf3(host, server, target, *options, timeout, port=5201):
    """What iperf3 reports, of a server of its own: one that serves several clients is deaf between them."""
    serve = server.words("iperf3", "-s", "--one-off", "--forceflush", "-p", str(port))
    with background(serve, stdout=subprocess.PIPE, text=True) as process:
        while line := process.stdout.readline():
            if "listening" in line:
                break
        report = json.loads(host.sh("iperf3", "--json", "-c", target, "-p", str(port), *options, timeout=timeout))
        process.wait(10)
    if error := report.get("error"):
        raise Failed(f"iperf3: {error}")
    return report


def streams(host, server, target, count, seconds, *options):
    """iperf3 with so many streams at once, all of which must get through."""
    report = iperf3(host, server, target, "-P", str(count), "-t", str(seconds), *options, timeout=seconds + 40)
    ended = report["end"]["streams"]
    starved = [stream for stream in ended if not stream["receiver"]["bytes"]]
    if len(ended) != count or starved:
        raise Failed(f"{len(ended)} of {count} streams, {len(starved)} of them without a byte")


def together(*attempts):
    """Several at a time, and all must do well."""
    with ThreadPoolExecutor(len(attempts)) as pool:
        for attempt in [pool.submit(attempt) for attempt in attempts]:
            attempt.result()
