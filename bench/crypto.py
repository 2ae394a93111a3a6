# SPDX-License-Identifier: Apache-2.0
"""Cryptography alone: cycles a packet for each AEAD in each of its variants, key exchanges, and what a start costs.

bench/crypto.c is measured from inside an image, as a process and in a VM; bench/evp.c does the same through libcrypto's
public interface. Bursts of 32 packets, each with a key of its own.
"""

import inside
import machine
from harness import BUILD, ROOT, Row, Unavailable, run_tool

RUNS, ROUNDS = 3, 1000
SMOKE = {"RUNS": 1, "ROUNDS": 20}
SIZES = [64, 1408]
AEADS = ["chacha20poly1305", "aes128gcm", "aes256gcm"]
VARIANTS = {"chacha20poly1305": [""], "aes128gcm": ["-avx512", "-avx2", "-sse", "-libcrypto"],
            "aes256gcm": ["-avx512", "-avx2", "-sse", "-libcrypto"]}
OTHERS = ["x25519", "x25519-public", "random-32", "mac-116", "hkdf-2"]
CONFIGURATION = "name: bench-crypto\nports:\n  lan: { addresses: [10.0.0.1/8] }\nchain: [router]\n"


def build_evp():
    program = BUILD / "bench" / "evp"
    run_tool(["gcc", "-O2", "-static", "-s", str(ROOT / "bench/evp.c"), "-o", str(program), "-l:libcrypto.a"])
    return program


def aead_rows(runs, evp, world):
    for aead in AEADS:
        for variant in VARIANTS[aead] + (["-evp"] if evp else []):
            for size in SIZES:
                for what in ("seal", "open"):
                    name = f"{aead}{variant}-{what}-{size}"
                    samples = [run[name][0] for run in (evp if variant == "-evp" else runs) if name in run]
                    if samples:
                        yield Row(f"{world}{name}", samples, "cycles/packet")


def other_rows(runs, world):
    for name in OTHERS:
        yield Row(f"{world}{name}", [run[name][0] for run in runs], "cycles")
    hertz = runs[0]["tsc-mhz"][0] * 1e6
    yield Row(f"{world}x25519, a second", [hertz / run["x25519"][0] for run in runs], "1/s")
    for name in ("init", "gcm-init"):
        yield Row(f"{world}{name}", [run[name][0] for run in runs], "us")


def rows():
    image, evp = inside.build("crypto", CONFIGURATION), build_evp()
    yield Row("image with all of crypto/", [image.stat().st_size / 1e6], "MB")
    yield Row("nothing but EVP, static", [evp.stat().st_size / 1e6], "MB")
    pairs = [(inside.run_process(image, f"rounds={ROUNDS}"), inside.run_process(evp)) for _ in range(RUNS)]
    runs = [run for run, _ in pairs]
    yield from aead_rows(runs, [other for _, other in pairs], "")
    yield from other_rows(runs, "")
    try:
        runs = [inside.run_vm(image, f"rounds={ROUNDS}") for _ in range(RUNS)]
    except Unavailable as why:
        yield Row.skipped("VM", why)
        return
    world = f"VM ({machine.accelerator()}), "
    yield from aead_rows(runs, None, world)
    yield from other_rows(runs, world)
