# SPDX-License-Identifier: Apache-2.0
"""Dom0's files: busybox, Xen's tools with the shared objects that they want, kernel modules, and what the test brings along.

The archive is a cpio file ("newc": Linux, Documentation/driver-api/early-userspace/buffer-format.rst) that is written here,
so that it takes no tool, no root and no file of its own for a device node."""

import pathlib
import re
import stat
import subprocess

import packages
from paths import HERE

FOLDERS = ("dev", "proc", "sys", "tmp", "run/xen", "run/xenstored", "run/lock", "var/lib/xen", "var/log/xen/console", "etc/xen", "bin", "test", "guest")
LINKS = {"var/run": "/run", "var/lock": "/run/lock", "lib64": "/lib", "sbin": "/bin", "bin/sh": "busybox", "usr/lib/xen-4.17/lib": "/lib"}
TOOLS = ("usr/lib/xen-4.17/bin/{}", ("xl", "xenstored", "xenconsoled", "xenconsole", "xen-init-dom0", "lsevtchn", "libxl-save-helper", "xen-diag"))
STORE_TOOLS = ("usr/bin/{}", ("xenstore-read", "xenstore-write", "xenstore-ls", "xenstore-rm", "xenstore-list", "xenstore-exists", "xenstore-watch"))
MODULES = ("xen-privcmd", "xenfs", "xen-evtchn", "xen-gntdev", "xen-gntalloc", "bridge", "xen-netback")
LATE_OBJECTS = ("libgcc_s.so.1",)  # that glibc loads by itself, for pthread_cancel
LIBRARY_PATHS = ("usr/lib/x86_64-linux-gnu", "lib/x86_64-linux-gnu")
LOADER = "/lib64/ld-linux-x86-64.so.2"


class Archive:
    """A cpio archive in memory; a file is added once."""

    def __init__(self):
        self.parts, self.names = [], set()

    def add(self, name, mode, data=b"", device=(0, 0)):
        if name in self.names:
            return False
        parent = str(pathlib.PurePosixPath(name).parent)
        if parent != ".":
            self.add(parent, stat.S_IFDIR | 0o755)
        self.names.add(name)
        self.write(name, mode, data, device)
        return True

    def write(self, name, mode, data, device):
        path = name.encode() + b"\0"
        fields = (len(self.names), mode, 0, 0, 1, 0, len(data), 0, 0, *device, len(path), 0)
        head = b"070701" + b"".join(b"%08X" % field for field in fields) + path
        self.parts += [head, bytes(-len(head) % 4), data, bytes(-len(data) % 4)]

    def file(self, name, source, mode=0o755):
        return self.add(name, stat.S_IFREG | mode, pathlib.Path(source).read_bytes())

    def bytes(self):
        self.write("TRAILER!!!", 0, b"", (0, 0))
        return b"".join(self.parts)


def needed(program):
    """The shared objects that an ELF file asks for."""
    told = subprocess.run(["readelf", "-dW", program], capture_output=True, text=True, check=True).stdout
    return re.findall(r"\(NEEDED\).*\[(.*)\]", told)


def shared_object(name):
    """Out of the unpacked packages, else this host's."""
    for root in (packages.UNPACKED, pathlib.Path("/")):
        for folder in LIBRARY_PATHS:
            if (path := root / folder / name).exists():
                return path
    raise packages.Unavailable(f"no {name} in the packages or on this host")


def add_program(archive, name, source):
    """With all shared objects that it needs."""
    archive.file(name, source)
    left = needed(source)
    while left:
        library = left.pop()
        if f"lib/{library}" in archive.names or library == pathlib.Path(LOADER).name:
            continue
        path = shared_object(library)
        archive.file(f"lib/{library}", path)
        left += needed(path)


def module_order(tree):
    """Files of MODULES and of what they depend on, each after those. A module names them in itself."""
    files = {path.stem.replace("-", "_"): path for path in tree.glob("kernel/**/*.ko")}
    order = []

    def visit(name):
        path = files.get(name.replace("-", "_"))
        if path is None:
            raise packages.Unavailable(f"dom0's kernel has no module {name}")
        depends = re.search(rb"\0depends=([^\0]*)\0", path.read_bytes())
        for other in filter(None, (depends[1].decode() if depends else "").split(",")):
            visit(other)
        if path not in order:
            order.append(path)

    for name in MODULES:
        visit(name)
    return order


def add_base(archive):
    for folder in FOLDERS:
        archive.add(folder, stat.S_IFDIR | 0o755)
    for name, target in LINKS.items():
        archive.add(name, stat.S_IFLNK | 0o777, target.encode())
    archive.add("dev/console", stat.S_IFCHR | 0o600, device=(5, 1))
    archive.add("etc/xen/xl.conf", stat.S_IFREG | 0o644)


def add_tools(archive):
    archive.file("bin/busybox", packages.find("bin/busybox"))
    for pattern, tools in (TOOLS, STORE_TOOLS):
        for tool in tools:
            add_program(archive, f"bin/{tool}", packages.find(pattern.format(tool)))
    add_program(archive, "usr/lib/xen-4.17/bin/libxl-save-helper", packages.find(TOOLS[0].format("libxl-save-helper")))
    for name in (*LATE_OBJECTS, pathlib.Path(LOADER).name):
        archive.file(f"lib/{name}", shared_object(name))


def build(files):
    """The whole archive. files: {name in dom0: path here}, for what the test brings along."""
    packages.unpack()
    archive = Archive()
    add_base(archive)
    add_tools(archive)
    modules = module_order(packages.find("lib/modules/*"))
    for path in modules:
        archive.file(f"lib/modules/{path.name}", path, 0o644)
    archive.add("lib/modules/order", stat.S_IFREG | 0o644, "".join(f"{path.name}\n" for path in modules).encode())
    for path in sorted((HERE / "dom0").iterdir()):
        archive.file({"init": "init", "vif-bridge": "etc/xen/scripts/vif-bridge"}.get(path.name, f"test/{path.name}"), path)
    for name, path in files.items():
        archive.file(name, path)
    return archive.bytes()
