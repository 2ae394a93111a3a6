# SPDX-License-Identifier: Apache-2.0
"""The machine: QEMU, which emulates all of a processor with hardware virtualisation; in it Xen; on that dom0, a Linux that runs
a script, which makes guests with `xl create`. No host needs KVM for it.

What the script prints comes out of the second serial port, which nothing else uses; messages of Xen and of dom0's kernel
out of the first one."""

import dataclasses
import gzip
import resource
import shutil
import subprocess
import time

import initramfs
import packages
from paths import BUILD

QEMU = "qemu-system-x86_64"
# smap is left out of the model: TCG of QEMU 7.2 takes it wrongly for iret frames of a PV kernel. npt: Debian's Xen has no shadow paging.
# The rest is what x86-64-v2 has beyond qemu64, without which Weir does not start.
PROCESSOR = "qemu64,+svm,+npt,+rdrand,+ssse3,+sse4.1,+sse4.2,+popcnt"
MEMORY, DOM0_MEMORY = 1024, 512  # MB
XEN_WORDS = f"console=com1 com1=115200,8n1 loglvl=all guest_loglvl=all dom0_mem={DOM0_MEMORY}M,max:{DOM0_MEMORY}M dom0_max_vcpus=1"
DOM0_WORDS = "console=hvc0 loglevel=4 panic=1"
END_MARK = "the script ended with status "


@dataclasses.dataclass
class End:
    """How it went."""

    output: str  # of the script
    console: str  # of Xen and dom0
    seconds: float
    processor_seconds: float
    in_time: bool

    @property
    def status(self):
        """The script's exit status, None if it did not end."""
        lines = [line for line in self.output.splitlines() if line.startswith(END_MARK)]
        return int(lines[-1][len(END_MARK):]) if lines else None


def why_not():
    """A reason to skip, or None. Fetches what is missing."""
    try:
        if not shutil.which(QEMU):
            raise packages.Unavailable(f"not installed: {QEMU}")
        packages.unpack()
    except packages.Unavailable as reason:
        return str(reason)
    return None


def processor_seconds():
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def prepare(folder, script, files, words):
    """Writes what QEMU loads. Returns its options."""
    packages.unpack()
    xen = BUILD / "xen"
    xen.write_bytes(gzip.decompress(packages.find("boot/xen-*.gz").read_bytes()))
    archive = folder / "initramfs"
    archive.write_bytes(initramfs.build({"test/script": script, **files}))
    line = " ".join([DOM0_WORDS, *(f"{name}={value}" for name, value in words.items())])
    return ["-kernel", str(xen), "-append", XEN_WORDS, "-initrd", f"{packages.kernel()} {line},{archive}"]


def read(path):
    return path.read_text(errors="replace").replace("\r\r\n", "\n").replace("\r", "") if path.exists() else ""


def boot(folder, script, files, limit, **words):
    """Runs a shell script in dom0. files: {name in dom0: path here}, such as "guest/a" and "guest/a.cfg"; words: variables of
    the script. The machine ends when the script does, and after `limit` seconds in any case. What was said is left in the
    folder, too."""
    folder.mkdir(parents=True, exist_ok=True)
    output, console = folder / "output", folder / "console"
    command = [QEMU, "-accel", "tcg", "-M", "pc", "-cpu", PROCESSOR, "-m", str(MEMORY), "-smp", "1", "-nodefaults", "-no-reboot",
               "-display", "none", "-monitor", "none", "-serial", f"file:{console}", "-serial", f"file:{output}",
               *prepare(folder, script, files, words)]
    start, spent = time.monotonic(), processor_seconds()
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=subprocess.STDOUT, stdout=subprocess.PIPE)
    try:
        told, in_time = process.communicate(timeout=limit)[0], True
    except subprocess.TimeoutExpired:
        told, in_time = b"", False
    finally:
        process.kill()
        process.wait()
    return End(read(output), read(console) + told.decode(errors="replace"), time.monotonic() - start,
               processor_seconds() - spent, in_time)
