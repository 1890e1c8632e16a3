#!/usr/bin/python3
"""Disks that are full, of limited files, over quota (as far as calls tell), read-only or gone while something is made, restored, recovered, undone, forgotten or
collected: each ends with an exit code and a word why; when the disk is well again everything that was there before is there, and what was begun
can be finished or done again."""

import contextlib
import errno
import os
import pathlib
import shutil
import subprocess

import sweep_scenarios
from support import Skip, Violation, Walk, copy, environment, leave_out, main, program, run, run_json, scratch, tell_count
from sweep_scenarios import Scenario, check_content, check_next_checkpoint, check_verified

MEBIBYTE = 1 << 20
NAMES = ("first", "incremental", "scoped", "restore", "keep-inode", "unsaved", "undo", "recover", "abort")


class Keeping(Scenario):
    """forget and gc: what is kept stays whole, and the same can be done again."""

    def check(self, work, code, out):
        tree = work / "tree"
        for number, state in self.older.items():
            check_content(tree, work, number, state)
        check_verified(tree)
        run(tree, *self.words, ok=(0,) if "gc" in self.words else (0, 2, 12))
        for number, state in self.older.items():
            check_content(tree, work, number, state)
        check_verified(tree)
        check_next_checkpoint(work)


def kept(found, place):
    """A repository of which something is to be forgotten, and one where that is to be collected."""
    template = found["undo"].template
    state = Walk(template / "tree")
    to_forget, to_collect = place / "to-forget", place / "to-collect"
    copy(template, to_forget)
    run(to_forget / "tree", "checkpoint", "-q")
    number = run_json(to_forget / "tree", "log")["checkpoints"][0]["number"]
    copy(to_forget, to_collect)
    run(to_collect / "tree", "forget", "2", "-q", "--force")
    return {"forget": Keeping(to_forget, ("forget", "2", "--force", "--json"), {number: state}), "gc": Keeping(to_collect, ("gc", "--json"), {number: state})}


class Failure:
    """How a disk fails. `begin` makes it, `end` mends it; `prefix` and `variables` are for the one run."""

    prefix, variables = (), {}

    def __init__(self, name):
        self.name = name

    def begin(self, disk):
        pass

    def end(self, disk):
        pass


class Full(Failure):
    """No blocks are left, but for a few."""

    def __init__(self, name, left):
        super().__init__(name)
        self.left = left

    def begin(self, disk):
        with open(disk / "filler", "wb", buffering=0) as file, contextlib.suppress(OSError):
            while file.write(bytes(MEBIBYTE)):
                pass
        with open(disk / "more", "wb", buffering=0) as file, contextlib.suppress(OSError):
            while file.write(bytes(4096)):
                pass
        os.truncate(disk / "filler", max(0, (disk / "filler").stat().st_size - self.left))

    def end(self, disk):
        (disk / "filler").unlink()
        (disk / "more").unlink()


class OutOfInodes(Failure):
    def __init__(self, name, left):
        super().__init__(name)
        self.left = left

    def begin(self, disk):
        (disk / "names").mkdir()
        number = 0
        with contextlib.suppress(OSError):
            while True:
                (disk / f"names/{number}").touch()
                number += 1
        for each in range(min(self.left, number)):
            (disk / f"names/{each}").unlink()

    def end(self, disk):
        shutil.rmtree(disk / "names")


class LimitedFiles(Failure):
    def __init__(self, name, size):
        super().__init__(name)
        self.prefix = ("prlimit", f"--fsize={size}")


class ReadOnly(Failure):
    def begin(self, disk):
        subprocess.run(["mount", "-o", "remount,ro", disk], check=True)

    def end(self, disk):
        subprocess.run(["mount", "-o", "remount,rw", disk], check=True)


class Gone(Failure):
    """From the n-th call of a kind on all fail."""

    def __init__(self, shim, kind, first, error=errno.EIO):
        super().__init__(f"every {kind} fails from number {first} on: {os.strerror(error)}")
        self.variables = {"LD_PRELOAD": str(shim), "FAILING": kind, "FAILING_FROM": str(first), "FAILING_WITH": str(error)}


@contextlib.contextmanager
def mounted(place, *words):
    place.mkdir()
    done = subprocess.run(["mount", *words, place], capture_output=True)
    if done.returncode != 0:
        raise Skip(f"mount {' '.join(words)}: {done.stderr.decode().strip()}")
    try:
        yield place
    finally:
        subprocess.run(["umount", "-l", place], check=True)


def try_one(disk, failure, name, scenario, violations):
    work = disk / "work"
    work.parent.mkdir(exist_ok=True)
    what = f"{failure.name}: {name}"
    try:
        scenario.prepare(work)
        failure.begin(disk)
        try:
            words = [*failure.prefix, program(), *scenario.words]
            done = subprocess.run(words, cwd=work / "tree", env=environment() | failure.variables, stdin=subprocess.DEVNULL, capture_output=True, timeout=120)
        finally:
            failure.end(disk)
        if done.returncode < 0:
            raise Violation(f"ended by signal {-done.returncode}")
        if done.returncode not in (0, 3) and b'"message":"' not in done.stdout and not done.stderr.strip():
            raise Violation(f"exit {done.returncode}, and not a word: {done.stdout[-300:]!r}")
        if done.returncode in (2, 10, 12):
            raise Violation(f"exit {done.returncode}: {done.stdout[-300:]!r} {done.stderr[-300:]!r}")
        scenario.check(work, done.returncode, done.stdout)
    except Violation as violation:
        violations.append(f"{what}: {violation}")
    except (OSError, subprocess.SubprocessError) as error:
        violations.append(f"{what}: {type(error).__name__}: {error}")
    finally:
        subprocess.run(["rm", "-rf", work, disk / "filler", disk / "more", disk / "names"], check=True)
    return done.returncode if "done" in locals() else None


def shim_in(place):
    compiler = shutil.which("gcc") or shutil.which("cc")
    if not compiler:
        return None
    source = pathlib.Path(__file__).with_name("failing_calls.c")
    subprocess.run([compiler, "-shared", "-fPIC", "-O1", "-o", place / "failing.so", source, "-ldl"], check=True)
    return place / "failing.so"


def on_memory(shim):
    found = [Full("a full disk", 0), Full("64 KiB left", 64 << 10), Full("2 MiB left", 2 * MEBIBYTE), OutOfInodes("no inodes", 0), OutOfInodes("three inodes left", 3)]
    found += [LimitedFiles("files of no bytes", 0), LimitedFiles("files of 4 KiB", 4096), LimitedFiles("files of 1 MiB", MEBIBYTE), ReadOnly("mounted read-only")]
    if shim:
        found += [Gone(shim, kind, first) for kind, first in (("read", 1), ("read", 6), ("write", 1), ("write", 4), ("sync", 1), ("sync", 4))]
        found += [Gone(shim, "write", first, errno.EDQUOT) for first in (1, 4)]
    else:
        leave_out("calls that fail by a preloaded library", "no C compiler")
    return found


def test():
    if os.geteuid() != 0:
        raise Skip("only root can mount what is to be full")
    violations, tried, failed = [], 0, 0
    with scratch("failing", in_memory=True) as place:
        place = pathlib.Path(place)
        found = sweep_scenarios.build(place)
        scenarios = {name: found[name] for name in NAMES} | kept(found, place)
        with mounted(place / "disk", "-t", "tmpfs", "-o", "size=48m,nr_inodes=2000", "tmpfs") as disk:
            for failure in on_memory(shim_in(place)):
                for name, scenario in scenarios.items():
                    code = try_one(disk, failure, name, scenario, violations)
                    tried += 1
                    failed += code not in (0, None)
    tell_count("T6.scenarios", tried)
    tell_count("T6.failed", failed)
    return f"{tried} times something was done on a failing disk, {failed} times it failed", violations


if __name__ == "__main__":
    main(test)
