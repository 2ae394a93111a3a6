# SPDX-License-Identifier: Apache-2.0
"""Images that stay from run to run in build/bench: one is made anew only where what it is made of is not the same any more.
Two processes may want the same one at a time."""

import fcntl
import hashlib

from harness import BUILD, ROOT

TOOLS = ("images/link", "images/tables.awk", "boot/weir.ld")


def ingredients():
    """What every image is made of, beside its configuration: the compiler's parts, and the steps of linking them."""
    archives = [path for path in (BUILD / "image").glob("*.a") if not path.name.startswith("bench-")]
    ring0 = (BUILD / "image/boot/ring0").glob("*.o")
    return sorted([BUILD / "weir", BUILD / "image/flags", *archives, *ring0, *(ROOT / tool for tool in TOOLS)])


def recipe(configuration, sources):
    """A digest: of the text, of the sources' bytes, and of when the ingredients changed."""
    digest = hashlib.sha256(configuration.encode())
    for path in ingredients():
        about = path.stat()
        digest.update(f"\0{path.name} {about.st_size} {about.st_mtime_ns}".encode())
    for path in sources:
        digest.update(b"\0" + path.read_bytes())
    return digest.hexdigest()


def keep(image, configuration, make, sources=()):
    """Calls make() unless the image is there, made of just that. sources: files that are compiled for it alone."""
    made = image.with_suffix(".made")
    with open(image.with_suffix(".lock"), "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        wanted = recipe(configuration, sources)
        if not image.exists() or not made.exists() or made.read_text() != wanted:
            made.unlink(missing_ok=True)
            make()
            made.write_text(wanted)
    return image
