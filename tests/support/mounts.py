"""File systems of a test's own: mounts that only this process and its children see, and that end with them."""

import ctypes
import os
import pathlib
import subprocess

from tap import Skip

CLONE_NEWNS, MS_REC, MS_PRIVATE, MS_BIND = 0x20000, 0x4000, 0x40000, 0x1000
LIBC = ctypes.CDLL(None, use_errno=True)


def mount_call(source, target, flags):
    if LIBC.mount(os.fsencode(source), os.fsencode(target), None, ctypes.c_ulong(flags), None) != 0:
        raise OSError(ctypes.get_errno(), f"mount {target}")


def own_mounts():
    """From here on what this process mounts is seen by it and its children alone, and ends with them."""
    if LIBC.unshare(CLONE_NEWNS) != 0:
        raise Skip("no mount namespace can be made: only root can")
    mount_call("none", "/", MS_REC | MS_PRIVATE)


class BootId:
    """Lets the machine look as if it had been started again: another file in place of the kernel's, for this process and its children."""

    KERNELS = "/proc/sys/kernel/random/boot_id"

    def __init__(self, place):
        self.file = pathlib.Path(place) / "boot_id"
        self.start_again("0")
        mount_call(self.file, self.KERNELS, MS_BIND)

    def start_again(self, name):
        self.file.write_text(f"{int(name):08x}-0000-4000-8000-000000000000\n")


class Mounted:
    """A file system, while the block lasts: `what` is a device, an image, or "tmpfs"."""

    def __init__(self, kind, what, place, options=""):
        loop = "loop" if os.path.isfile(what) else ""
        words = ["mount", "-t", kind, *(("-o", ",".join(filter(None, (loop, options)))) if loop or options else ()), what, place]
        self.words, self.place = words, pathlib.Path(place)

    def __enter__(self):
        self.place.mkdir(exist_ok=True)
        done = subprocess.run(self.words, capture_output=True, text=True)
        if done.returncode != 0:
            raise OSError(f"{' '.join(map(str, self.words))}: {done.stderr.strip()}")
        return self.place

    def __exit__(self, *error):
        subprocess.run(["umount", self.place], check=True)
