# SPDX-License-Identifier: Apache-2.0
"""Debian packages that are unpacked, not installed: Xen, its tools and a kernel for its dom0.

Their names are the last section of images/packages, which images/install-packages leaves alone. They are fetched with apt-get
into build/xen once, and again when the list changes. No root is needed, as long as apt knows its package lists."""

import fcntl
import lzma
import os
import re
import shutil
import struct
import subprocess
import tarfile

from paths import BUILD, ROOT

LIST = ROOT / "images/packages"
SECTION = "# Unpacked"
UNPACKED = BUILD / "unpacked"
DOWNLOADED = BUILD / "downloaded"
STAMP = BUILD / "unpacked.list"  # the names that are there
APT_SECONDS = 300
# What is wanted of the files; the kernel's other modules are 400 MB.
WANTED = re.compile(r"\./(boot|bin|usr/bin|usr/lib/xen-[^/]*/bin|usr/lib/x86_64-linux-gnu)/"
                    r"|\./lib/modules/[^/]*/kernel/(drivers/xen|drivers/net/xen-net|net/(802|llc|bridge))")


class Unavailable(Exception):
    """Why the packages can't be had here: a reason to skip."""


def names():
    """The packages of the section."""
    head, _, section = LIST.read_text(encoding="ascii").partition(f"\n{SECTION}")
    if not section:
        raise Unavailable(f"{LIST}: no section {SECTION!r}")
    return section.splitlines()[1:]


def run(*words, **options):
    done = subprocess.run(words, capture_output=True, text=True, errors="replace", timeout=APT_SECONDS, check=False, **options)
    if done.returncode:
        said = (done.stderr or done.stdout).strip().splitlines() or [f"exit status {done.returncode}"]
        raise Unavailable(f"{words[0]}: {said[-1]}")
    return done.stdout


def resolve(name):
    """A package without files of its own, as linux-image-amd64 is, stands for the one that it depends on."""
    depends = re.findall(r"^ *Depends: (linux-image-[0-9]\S*)$", run("apt-cache", "depends", name), re.MULTILINE)
    return depends[0] if depends else name


def download(packages):
    shutil.rmtree(DOWNLOADED, ignore_errors=True)
    DOWNLOADED.mkdir(parents=True)
    user = ["-o", "APT::Sandbox::User=root"] if os.geteuid() == 0 else []  # _apt may not write here
    run("apt-get", *user, "download", *packages, cwd=DOWNLOADED)


def fetch(wanted):
    """Lists of packages may be old or missing: then they are brought up to date, which takes root, and it is tried again."""
    try:
        download([resolve(name) for name in wanted])
    except Unavailable:
        if os.geteuid():
            raise
        run("apt-get", "update")
        download([resolve(name) for name in wanted])


def extract(package):
    """Its files that are wanted, into UNPACKED."""
    with subprocess.Popen(["dpkg-deb", "--fsys-tarfile", str(package)], stdout=subprocess.PIPE) as process:
        with tarfile.open(fileobj=process.stdout, mode="r|") as archive:
            for member in archive:
                if WANTED.match(member.name):
                    archive.extract(member, UNPACKED, set_attrs=not member.isdir())
        if process.wait():
            raise Unavailable(f"dpkg-deb can't read {package.name}")


def unpack():
    """Returns the folder with the packages' files in it. Raises Unavailable. Of several that ask, one does it."""
    BUILD.mkdir(parents=True, exist_ok=True)
    with open(BUILD / "lock", "wb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        return unpack_alone()


def unpack_alone():
    wanted = names()
    if STAMP.is_file() and STAMP.read_text(encoding="ascii").split() == wanted:
        return UNPACKED
    if missing := [tool for tool in ("apt-get", "apt-cache", "dpkg-deb") if not shutil.which(tool)]:
        raise Unavailable(f"no {', '.join(missing)}")
    STAMP.unlink(missing_ok=True)
    shutil.rmtree(UNPACKED, ignore_errors=True)
    fetch(wanted)
    for package in sorted(DOWNLOADED.glob("*.deb")):
        extract(package)
    shutil.rmtree(DOWNLOADED)
    STAMP.write_text("\n".join(wanted), encoding="ascii")
    return UNPACKED


def find(pattern):
    """The one file of the packages that a pattern names."""
    found = sorted(UNPACKED.glob(pattern))
    if not found:
        raise Unavailable(f"the packages have no {pattern}")
    return found[-1]


def kernel():
    """Dom0's kernel as an ELF file: the payload of its bzImage, which Xen would unpack much more slowly.
    Linux, Documentation/x86/boot.rst: setup_sects, payload_offset, payload_length."""
    image, vmlinux = find("boot/vmlinuz-*"), BUILD / "vmlinux"
    if not vmlinux.exists() or vmlinux.stat().st_mtime < STAMP.stat().st_mtime:
        data = image.read_bytes()
        offset, length = struct.unpack_from("<II", data, 0x248)
        start = (data[0x1F1] + 1) * 512 + offset
        unpacked = lzma.LZMADecompressor().decompress(data[start : start + length])
        vmlinux.write_bytes(unpacked)
    return vmlinux
