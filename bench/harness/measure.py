"""Running commands and looking at what they cost."""

import hashlib
import os
import pathlib
import subprocess
import threading
import time
from dataclasses import dataclass


class Failed(Exception):
    """A tool did not do what it was asked to."""


@dataclass
class Cost:
    seconds: float
    anon_bytes: int  # the highest sum of RssAnon of its processes that was seen; short runs may be missed
    rss_bytes: int  # the highest resident set of any of them, mapped files included

    def __add__(self, other):
        return Cost(self.seconds + other.seconds, max(self.anon_bytes, other.anon_bytes), max(self.rss_bytes, other.rss_bytes))


def _descendants(pid):
    yield pid
    try:
        for task in os.listdir(f"/proc/{pid}/task"):
            for child in pathlib.Path(f"/proc/{pid}/task/{task}/children").read_text().split():
                yield from _descendants(int(child))
    except OSError:
        return


def _rss_anon(pid):
    total = 0
    for process in _descendants(pid):
        try:
            for line in pathlib.Path(f"/proc/{process}/status").read_text().splitlines():
                if line.startswith("RssAnon:"):
                    total += int(line.split()[1]) * 1024
        except OSError:
            pass  # ended meanwhile
    return total


def run(command, cwd, environment, good=(0,)):
    """Runs a command to its end. Throws Failed, with what it said, for an exit code not in `good`."""
    peak = [0]
    done = threading.Event()
    started = time.perf_counter()
    with subprocess.Popen([str(word) for word in command], cwd=cwd, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as process:

        def watch():
            while not done.is_set():
                peak[0] = max(peak[0], _rss_anon(process.pid))
                done.wait(0.02)

        watcher = threading.Thread(target=watch, daemon=True)
        watcher.start()
        output = process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        done.set()
        watcher.join()
    if process.returncode not in good:
        raise Failed(f"{' '.join(map(str, command))}: exit code {process.returncode}\n{output.decode(errors='replace')[-2000:]}")
    return Cost(seconds, peak[0], usage.ru_maxrss * 1024)


def disk_usage(path):
    """Bytes allocated below `path`; a file with several names counts once."""
    seen, total = set(), 0
    for directory, _, names in os.walk(path):
        for name in [*names, "."]:
            status = os.lstat(os.path.join(directory, name))
            if (status.st_dev, status.st_ino) not in seen:
                seen.add((status.st_dev, status.st_ino))
                total += status.st_blocks * 512
    return total


def file_count(path):
    return sum(len(names) for _, _, names in os.walk(path))


def tree_digest(top, ignored=(".metamori",)):
    """SHA-256 over the names, types and contents below `top`."""
    digest = hashlib.sha256()
    for directory, directories, names in os.walk(top):
        directories.sort()
        directories[:] = [name for name in directories if name not in ignored]
        for name in sorted(names):
            if name in ignored:
                continue
            path = os.path.join(directory, name)
            digest.update(os.path.relpath(path, top).encode("utf-8", "surrogateescape") + b"\0")
            if os.path.islink(path):
                digest.update(b"l" + os.readlink(path).encode("utf-8", "surrogateescape"))
                continue
            content = hashlib.sha256()
            with open(path, "rb") as file:
                while block := file.read(1 << 20):
                    content.update(block)
            digest.update(content.digest())
    return digest.hexdigest()
