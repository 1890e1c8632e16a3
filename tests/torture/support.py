"""What the torture tests share: running the program, looking at trees exactly, and telling how it went."""

import hashlib
import json
import os
import pathlib
import random
import shutil
import stat
import subprocess
import sys
import tempfile

sys.path.append(str(pathlib.Path(__file__).resolve().parent.parent / "support"))

from tap import Skip, leave_report, tell_count  # noqa: E402, F401

SKIPPED = 77
LEFT_OUT = []
BLOCK = 1 << 16
STAGED = b".metamori-stage-"


class Violation(Exception):
    """A promise that was not kept."""


def program():
    """The program under test: $METAMORI, else the first argument."""
    found = os.environ.get("METAMORI") or (sys.argv[1] if len(sys.argv) > 1 else "")
    if not found:
        raise Skip("neither METAMORI nor an argument names the program under test")
    return os.path.abspath(found)


def scale():
    """How much larger than in the quick suite a sweep is."""
    return max(1, int(os.environ.get("METAMORI_TEST_SCALE") or 1))


def seed():
    """A fixed one, so that a failure comes again; METAMORI_TEST_SEED sets another."""
    return int(os.environ.get("METAMORI_TEST_SEED") or 20240229)


def environment():
    unwanted = ("METAMORI_DIR", "METAMORI_AUTHOR", "SLURM_JOB_ID", "SLURM_ARRAY_TASK_ID", "SLURM_RESTART_COUNT")
    kept = {key: value for key, value in os.environ.items() if key not in unwanted}
    return {**kept, "LC_ALL": "C.UTF-8", "TZ": "UTC"}


class Result:
    def __init__(self, words, code, out, err):
        self.words, self.code, self.out, self.err = words, code, out, err

    def json(self):
        try:
            return json.loads(self.out)
        except ValueError:
            raise Violation(f"no JSON from {self.told()}") from None

    def told(self):
        return f"{' '.join(map(str, self.words))}: exit {self.code}: {self.out[-300:]!r} {self.err[-600:]!r}"


def run(tree, *words, ok=(0,), prefix=()):
    """Runs the program in `tree`. An exit code not in `ok` (None: any but a crash) is a violation."""
    done = subprocess.run([*prefix, program(), *words], cwd=tree, env=environment(), stdin=subprocess.DEVNULL, capture_output=True, timeout=600)
    result = Result(words, done.returncode, done.stdout, done.stderr)
    if result.code < 0 if ok is None else result.code not in ok:
        raise Violation(result.told())
    return result


def run_json(tree, *words, ok=(0,)):
    return run(tree, *words, "--json", ok=ok).json()


def scratch(name, in_memory=False):
    """A new directory, removed when the test ends; on tmpfs if asked for and there is one with room."""
    place = os.environ.get("METAMORI_TORTURE_DIR")
    if not place and in_memory and os.access("/dev/shm", os.W_OK) and shutil.disk_usage("/dev/shm").free > 1 << 30:
        place = "/dev/shm"
    return tempfile.TemporaryDirectory(prefix=f"metamori-{name}-", dir=place, ignore_cleanup_errors=True)


def build_preload(place):
    """support/preload.c as a library for LD_PRELOAD, made in that directory."""
    compiler, source, library = shutil.which("cc"), pathlib.Path(__file__).resolve().parent.parent / "support/preload.c", pathlib.Path(place) / "preload.so"
    if not compiler:
        raise Skip("no C compiler")
    subprocess.run([compiler, "-shared", "-fPIC", "-O1", "-Wall", "-Wextra", "-Werror", "-o", library, source, "-ldl"], check=True)
    return library


def copy(source, target):
    subprocess.run(["cp", "-a", "--sparse=always", source, target], check=True)


def remove(path):
    subprocess.run(["rm", "-rf", path], check=True)


def content_digest(fd, size):
    """SHA-256 over the blocks that are not zero, with their places: equal for equal content, and quick about holes."""
    digest, at = hashlib.sha256(b"%d" % size), 0
    while at < size:
        try:
            at = os.lseek(fd, at, os.SEEK_DATA) // BLOCK * BLOCK
        except OSError:  # ENXIO: only a hole is left
            break
        while block := os.pread(fd, BLOCK, at):
            if block.count(0) != len(block):
                digest.update(b"%d:" % at)
                digest.update(block)
            at += len(block)
            if len(block) < BLOCK or block.count(0) == len(block):
                break
    return digest.hexdigest()


def attributes(directory, name):
    """Extended attributes, POSIX ACLs among them; the name is reached by its directory's descriptor, however long the path is."""
    path = b"/proc/self/fd/%d/%s" % (directory, name)
    try:
        return tuple((key, os.getxattr(path, key, follow_symlinks=False)) for key in sorted(os.listxattr(path, follow_symlinks=False)))
    except OSError:
        return ()


class Walk:
    """Everything below a directory: type, mode, owner, mtime, content, link target, device, attributes, by path; and who shares an inode."""

    def __init__(self, top):
        self.entries, self.blocks, self.inodes = {}, {}, {}
        fd = os.open(top, os.O_RDONLY | os.O_DIRECTORY)
        try:
            self.take(b"", os.fstat(fd), None, ())
            self.enter(fd, b"")
        finally:
            os.close(fd)
        self.links = sorted(tuple(sorted(names)) for names in self.inodes.values() if len(names) > 1)

    def take(self, path, info, what, xattrs):
        self.entries[path] = (stat.filemode(info.st_mode), info.st_uid, info.st_gid, info.st_mtime_ns, what, xattrs)

    def enter(self, fd, prefix):
        for name in sorted(map(os.fsencode, os.listdir(fd))):
            if prefix or name != b".metamori":
                self.look(fd, name, prefix + name)

    def look(self, directory, name, path):
        info = os.stat(name, dir_fd=directory, follow_symlinks=False)
        what, xattrs = None, attributes(directory, name)
        if stat.S_ISLNK(info.st_mode):
            what = os.readlink(name, dir_fd=directory)
        elif stat.S_ISREG(info.st_mode):
            fd = os.open(name, os.O_RDONLY | os.O_NOFOLLOW, dir_fd=directory)
            what = (info.st_size, content_digest(fd, info.st_size))
            os.close(fd)
            self.blocks[path] = info.st_blocks
        elif stat.S_ISDIR(info.st_mode):
            fd = os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=directory)
            self.enter(fd, path + b"/")
            os.close(fd)
        else:
            what = info.st_rdev
        if not stat.S_ISDIR(info.st_mode) and info.st_nlink > 1:
            self.inodes.setdefault(info.st_ino, []).append(path)
        self.take(path, info, what, xattrs)

    def difference(self, other, without=()):
        """What differs, in words, or "" (names of `without`, and links to them, are not compared)."""
        found = []
        for path in sorted(self.entries.keys() | other.entries.keys()):
            mine, theirs = self.entries.get(path), other.entries.get(path)
            if mine != theirs and path not in without:
                found.append(f"{path[-80:]!r}: {mine} != {theirs}")
        mine, theirs = ([group for group in links if not group_excused(group, without)] for links in (self.links, other.links))
        if mine != theirs:
            found.append(f"links: {mine} != {theirs}")
        return "" if not found else f"{len(found)} differ: " + "; ".join(found[:3])


def group_excused(group, without):
    return any(path in without for path in group)


def expect_same(found, expected, what):
    if different := found.difference(expected):
        raise Violation(f"{what}: {different}")


def chance(label):
    return random.Random(f"{seed()}/{label}")


def spread(items, count):
    """About `count` of them, evenly."""
    if len(items) <= count:
        return list(items)
    return [items[index * len(items) // count] for index in range(count)]


def leave_out(what, reason):
    """Has a part that can't be tested here listed by name."""
    LEFT_OUT.append(f"{what} # SKIP {reason}")
    print(f"left out: {what}: {reason}")


def main(test):
    """Runs `test`, which returns (summary, violations), and ends the process."""
    try:
        if not os.access(program(), os.X_OK):
            raise Skip(f"{program()} can't be run")
        summary, violations = test()
    except Skip as reason:
        print(f"skipped: {reason}")
        sys.exit(SKIPPED)
    except Violation as violation:
        print(f"violation: {violation}")
        sys.exit(1)
    for violation in violations[:20]:
        print(f"violation: {violation}")
    print(f"{summary}, {len(violations)} violations", flush=True)
    if not violations:
        lines = [f"ok 1 - {summary}"] + [f"ok {number} - {what}" for number, what in enumerate(LEFT_OUT, 2)]
        leave_report(f"torture_{pathlib.Path(sys.argv[0]).stem}", lines)
    sys.exit(1 if violations else 0)
