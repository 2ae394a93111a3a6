# SPDX-License-Identifier: Apache-2.0
"""Programs that measure network functions from inside an image: bench/NAME.c upon bench/bed.c, linked as `weir build`
links every image, but in the place of boot/ring3 and pktio/; run as a process and in a VM, the same ELF."""

import os
import subprocess

import kept
import machine
from harness import BUILD, ROOT, Unavailable, run_tool


def archive(program, sources):
    """Compiles what takes the place of boot/ring3 and pktio/, as they are: to the end, without LTO."""
    made = BUILD / "image" / f"bench-{program}.a"
    flags = (BUILD / "image" / "flags").read_text().splitlines()[0].replace("-flto=auto", "").split()
    objects = [str(BUILD / "bench" / f"{program}-{source.stem}.o") for source in sources]
    for source, object_file in zip(sources, objects):
        run_tool([*flags, f"-I{ROOT}", "-c", str(source), "-o", object_file])
    made.unlink(missing_ok=True)
    run_tool(["gcc-ar", "rcs", str(made), *objects])


def build(program, configuration, name=None, sources=None):
    """The image of a program with a configuration (YAML text), under `name`. Its source is bench/PROGRAM.c, or those given."""
    image, source = (BUILD / "bench" / f"{name or program}.{suffix}" for suffix in ("elf", "yaml"))
    parts = [ROOT / "bench/bed.c", *(sources or [ROOT / "bench" / f"{program}.c"])]

    def make():
        source.write_text(configuration)
        archive(program, parts)
        run_tool([str(BUILD / "weir"), "build", str(source), "-o", str(image)],
                 env={"ARCHIVES": f"nf eal bench-{program}"})
        image.chmod(0o700)  # one that has keys is not made to be run by anybody

    return kept.keep(image, configuration, make, [*parts, *(ROOT / "bench").glob("*.h")])


def parse(text):
    """Lines of "name number..."; the console may have others."""
    found = {}
    for line in text.splitlines():
        words = line.split()
        try:
            found[words[0]] = [float(word) for word in words[1:4]]
        except (IndexError, ValueError):
            continue
    if not found:
        raise Unavailable("the program printed no figures: " + (text.strip().splitlines() or ["nothing"])[-1])
    return found


def run_process(image, words="", seconds=120):
    done = subprocess.run([str(image), *words.split()], capture_output=True, text=True, timeout=seconds, check=False)
    if done.returncode:
        raise Unavailable((done.stderr.strip().splitlines() or [f"exit {done.returncode}"])[-1])
    return parse(done.stdout)


def resident_mb(image, words=""):
    """The most memory that the image had as a process, in MB."""
    process = subprocess.Popen([str(image), *words.split()], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    with process.stderr as errors:
        said = errors.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise Unavailable((said.strip().splitlines() or [f"exit {process.returncode}"])[-1])
    return usage.ru_maxrss * 1024 / 1e6


def run_vm(image, words="", seconds=120, memory_mib=128):
    with machine.Machine(image, memory_mib=memory_mib, words=words) as vm:
        vm.wait_end(seconds)
        return parse(vm.console())
