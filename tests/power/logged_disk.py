"""A disk that keeps a log of its writes and flushes, and what is on it after the power goes at any of them.

qemu-storage-daemon exports the disk as a file (FUSE) and logs what is done to it (blklogwrites, the format of dm-log-writes); a loop device makes a
disk of the file. The loop goes through the page cache of the file, which writes through: one request after the other, in order.
"""

import bisect
import os
import shutil
import struct
import subprocess
import time

from support import Skip

SECTOR = 512
SUPER = struct.Struct("<QQQI")
ENTRY = struct.Struct("<QQQQ")
MAGIC = 0x6A736677736872
FLUSH, FUA, DISCARD = 1, 2, 4


def need(*programs):
    """Skips where one is missing."""
    for program in programs:
        if not shutil.which(program):
            raise Skip(f"no {program}")


def check_means():
    """Skips where the machine lacks something."""
    if os.geteuid() != 0:
        raise Skip("only root can mount file systems")
    need("qemu-storage-daemon", "losetup")
    for device in ("/dev/fuse", "/dev/loop-control"):
        if not os.path.exists(device):
            raise Skip(f"no {device}")


class LoggedDisk:
    """`device` is the disk, until it is closed; `log` then has all that was done to it. Of `bad_sectors` none can be read."""

    def __init__(self, place, size, bad_sectors=()):
        self.disk, self.log, self.export = (place / name for name in ("disk", "log", "export"))
        self.device = None
        for path, length in ((self.disk, size), (self.log, 64 << 30), (self.export, 0)):
            path.touch()
            os.truncate(path, length)
        bad = [
            f"inject-error.{index}.{key}" for index, sector in enumerate(bad_sectors)
            for key in ("event=none", "iotype=read", "errno=5", f"sector={sector}", "once=off", "immediately=on")
        ]
        nodes = [
            f"driver=file,node-name=image,filename={self.disk}",
            ",".join(["driver=blkdebug,node-name=disk,image=image", *bad]),
            f"driver=file,node-name=log,filename={self.log}",
            f"driver=blklogwrites,node-name=logged,file=disk,log=log,log-sector-size={SECTOR},log-super-update-interval=1",
        ]
        words = ["qemu-storage-daemon", *(word for node in nodes for word in ("--blockdev", node))]
        export = f"type=fuse,id=export,node-name=logged,mountpoint={self.export},writable=on"
        self.daemon = subprocess.Popen([*words, "--export", export], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        try:
            self.wait_for_export(size)
            self.device = losetup("--find", "--show", self.export).strip()
        except BaseException:
            self.close()
            raise

    def wait_for_export(self, size):
        for _ in range(500):
            if self.export.stat().st_size == size:
                return
            if self.daemon.poll() is not None:
                raise Skip(f"qemu-storage-daemon: {self.daemon.stderr.read().decode().strip()}")
            time.sleep(0.01)
        raise Skip("qemu-storage-daemon does not export the disk")

    def position(self):
        """How many entries the log has: a time, as the disk counts it."""
        with open(self.log, "rb") as file:
            return SUPER.unpack(file.read(SUPER.size))[2]

    def close(self):
        if self.device:
            losetup("--detach", self.device)
        self.device = None
        self.daemon.terminate()
        self.daemon.communicate()


def losetup(*words):
    done = subprocess.run(["losetup", *map(str, words)], capture_output=True, text=True)
    if done.returncode != 0:
        raise Skip(f"losetup: {done.stderr.strip()}")
    return done.stdout


class Log:
    """What was done to a disk. Entry n brought it to time n + 1."""

    def __init__(self, path):
        self.path, self.entries, self.flushes = path, [], [0]
        with open(path, "rb") as file:
            magic, version, count, sector = SUPER.unpack(file.read(SUPER.size))
            if (magic, version, sector) != (MAGIC, 1, SECTOR):
                raise ValueError(f"{path} is no log of writes")
            at = SECTOR
            for number in range(count):
                file.seek(at)
                start, sectors, flags, _ = ENTRY.unpack(file.read(ENTRY.size))
                size = 0 if flags & DISCARD else sectors * SECTOR
                self.entries.append((start * SECTOR, size, flags, at + SECTOR))
                at += SECTOR + size
                if flags & FLUSH:
                    self.flushes.append(number + 1)

    def durable(self, time):
        """The time of the last flush by then: what was written before it is on the disk."""
        return self.flushes[bisect.bisect_right(self.flushes, time) - 1]

    def loose(self, time):
        """Entries that hold writes since that flush: each may be there after a power cut at `time`, or not."""
        return [number for number in range(self.durable(time), time) if self.entries[number][1]]

    def is_forced(self, number):
        return bool(self.entries[number][2] & FUA)


class Image:
    """A disk of all that was written up to a time; which only goes on."""

    def __init__(self, log, path, size):
        self.log, self.path, self.time = log, path, 0
        with open(path, "wb") as file:
            file.truncate(size)

    def advance(self, time):
        self.write(self.path, range(self.time, time))
        self.time = time

    def write(self, path, numbers):
        with open(self.log.path, "rb") as source, open(path, "r+b") as target:
            for number in numbers:
                start, size, _, at = self.log.entries[number]
                if size:
                    put(target.fileno(), os.pread(source.fileno(), size, at), start)

    def cut(self, path, numbers):
        """A copy that has these entries, too."""
        subprocess.run(["cp", "--sparse=always", self.path, path], check=True)
        self.write(path, numbers)


def put(fd, data, at):
    """Writes; but zeros are not written where there are zeros, so that a hole stays one."""
    if data.count(0) != len(data) or os.pread(fd, len(data), at).count(0) != len(data):
        os.pwrite(fd, data, at)
