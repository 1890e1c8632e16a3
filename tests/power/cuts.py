#!/usr/bin/python3
"""Power cuts on ext4, XFS and btrfs (T4): after each, every acknowledged checkpoint is there and whole, the next command just works, and a restore
that was under way can be finished and taken back.

A job runs on a disk that logs its writes. Then, for many times of that log, the disk is made as a power cut may have left it: all that was written
before the last flush, and of what came after nothing, all, or anything. It is mounted as if the machine had been started again, and looked at.
METAMORI_TEST_SCALE of 5 or more: 500 cuts and more a file system. METAMORI_TEST_ONLY=ext4/TIME/KIND tries one.
"""

import collections
import multiprocessing
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

sys.path.append(str(pathlib.Path(__file__).resolve().parent.parent / "torture"))

from logged_disk import Image, Log, LoggedDisk, check_means, need
from mounts import BootId, Mounted, own_mounts
from support import STAGED, Violation, Walk, build_preload, chance, expect_same, remove, run, run_json, scale, spread
from tap import Parts
from told_history import KINDS, SETTLING, History, expect_copied, expect_there

FileSystem = collections.namedtuple("FileSystem", "name size make options")
FILE_SYSTEMS = (
    FileSystem("ext4", 96 << 20, ("mkfs.ext4", "-q", "-E", "nodiscard,lazy_itable_init=0,lazy_journal_init=0"), "nodiscard"),
    FileSystem("xfs", 320 << 20, ("mkfs.xfs", "-q", "-K"), "nouuid,nodiscard"),
    FileSystem("btrfs", 256 << 20, ("mkfs.btrfs", "-q", "-K"), "nodiscard"),
)
# `kept` are the entries since the last flush that are on the disk nevertheless.
Cut = collections.namedtuple("Cut", "time kind kept")
Found = collections.namedtuple("Found", "cuts pending violations")
MUTANTS = ("no-directory-sync", "no-file-sync", "no-file-system-sync")


class Recorded:
    """A job's run on a logged disk: `log` is what the disk was told, `history` what the job was told."""

    def __init__(self, kind, place, turns, prefix=()):
        self.kind = kind
        place.mkdir()
        disk = LoggedDisk(place, kind.size)
        try:
            subprocess.run([*kind.make, disk.device], check=True, capture_output=True)
            with Mounted(kind.name, disk.device, place / "mounted", kind.options) as mounted:
                self.history = History(mounted, disk.position, kind.name, prefix)
                self.run(turns)
                self.end, self.history.clock = disk.position(), None  # the examiners get it, in processes of their own
        finally:
            disk.close()
        self.log = Log(disk.log)

    def run(self, turns):
        """Every kind of turn comes early, so that a short run has them all."""
        history = self.history
        for kind in ("checkpoint", "checkpoint", "restore", "undo", "checkpoint", "copy", "checkpoint", "checkpoint", "forget", "gc", "checkpoint", "copy")[:turns]:
            history.take(kind)
        for _ in range(turns - 12):
            history.take(history.chosen.choice(KINDS))

    def cuts(self, count):
        """At the end of every step, with all lost that was not flushed: what was told must be there without it. Some in
        the middle of each restore. And others between, `count` in all."""
        chosen, first = chance(f"cuts {self.kind.name}"), self.history.start
        ends = {step.end for step in self.history.steps if step.kind != "edit"}
        flushes = {time for time in self.log.flushes if first <= time <= self.end} - ends
        inside = [chosen.randrange(step.start, step.end) for step in self.history.steps if step.kind in SETTLING for _ in range(3)]
        found = {(time, "lost") for time in ends} | {(time, "some") for time in inside}
        found |= {(time, "kept") for time in spread(sorted(flushes), max(0, count - len(ends)) // 2)}
        while len(found) < count:
            found.add((chosen.randrange(first, self.end), chosen.choice(("some", "some", "lost", "kept"))))
        return [self.cut(time, kind, chosen) for time, kind in sorted(found)]

    def cut(self, time, kind, chosen):
        is_kept = {"kept": lambda number: True, "lost": self.log.is_forced, "some": lambda number: self.log.is_forced(number) or chosen.random() < 0.5}
        return Cut(time, kind, list(filter(is_kept[kind], self.log.loose(time))))


class Examiner:
    """Makes the disks of cuts, later and later ones, and looks at them."""

    def __init__(self, recorded, place):
        self.recorded, self.place, self.kind = recorded, place, recorded.kind
        self.image = Image(recorded.log, place / "image", self.kind.size)
        self.boot, self.boots, self.pending = BootId(place), 0, 0

    def examine(self, cut):
        self.image.advance(self.recorded.log.durable(cut.time))
        if self.look(cut, abort=False):
            self.pending += 1
            self.look(cut, abort=True)

    def look(self, cut, abort):
        """Whether a restore was pending."""
        disk = self.place / "cut"
        self.image.cut(disk, cut.kept)
        self.boots += 1
        self.boot.start_again(self.boots)
        try:
            with Mounted(self.kind.name, disk, self.place / "mounted", self.kind.options) as mounted:
                return check(mounted / "tree", self.place, self.recorded.history, cut.time, abort)
        finally:
            disk.unlink()
            remove(self.place / "out")


def check(tree, place, history, time, abort):
    """All that must hold after a power cut at that time."""
    if time < history.initialised:
        run(tree, "init", "--exist-ok")
        for left in tree.glob(f"{os.fsdecode(STAGED)}*"):  # never tracked
            remove(left)
        check_next(tree, place)
        return False
    pending = run_json(tree, "status")["restore_pending"]
    step = history.last_step(time)
    expect_there(tree, history, time)
    if pending:
        check_pending(tree, step, time, abort)
    elif step.kind in SETTLING:
        found = Walk(tree)
        if step.end <= time or found.difference(step.before):
            expect_same(found, step.after, f"the tree after {step.kind}, {'told' if step.end <= time else 'under way'}")
    verified = run_json(tree, "verify", "--data", ok=(0, 13))
    if not verified["ok"]:
        raise Violation(f"verify: {verified['problems'][:3]}")
    check_content(tree, place, history, time)
    expect_copied(tree, place, history, time)
    check_next(tree, place)
    if time % 3 == 0:
        run(tree, "gc")
        expect_there(tree, history, time)
        check_content(tree, place, history, time)
    return pending


def check_pending(tree, step, time, abort):
    if step.kind not in SETTLING or step.end <= time:
        raise Violation(f"a restore is pending, while the last step is {step.kind}, told by {step.end}")
    run(tree, "checkpoint", ok=(16,))
    report = run_json(tree, "recover", *(["--abort"] if abort else []))
    if abort and report["finished"]:
        raise Violation(f"recover --abort: {report}")
    expect_same(Walk(tree), step.after if report["finished"] else step.before, f"{step.kind}, {'taken back' if abort else 'recovered'}")


def check_content(tree, place, history, time):
    """The newest of the acknowledged ones, and another, restored elsewhere."""
    presence = history.presence(time)
    there = [one for one in history.acknowledged if one.end <= time and presence.get(one.id)]
    for one in dict.fromkeys((len(there) - 1, time % max(1, len(there)))) if there else ():
        out = place / "out"
        run(tree, "restore", there[one].id, "--to", out, "--same-owner")
        expect_same(Walk(out), there[one].state, f"checkpoint {there[one].number}, told by {there[one].end}, restored elsewhere")
        remove(out)


def check_next(tree, place):
    """The next checkpoint just works, and holds the tree as it is, whatever the cache remembers of before the power cut."""
    state = Walk(tree)
    report = run_json(tree, "checkpoint")
    run(tree, "restore", report["id"], "--to", place / "out", "--same-owner")
    expect_same(Walk(place / "out"), state, "the next checkpoint, restored elsewhere")
    remove(place / "out")


def examine_all(recorded, cuts, stop_at_first=False):
    """In a process of its own, which has mounts of its own."""
    own_mounts()
    violations = []
    with tempfile.TemporaryDirectory(prefix="metamori-cuts-", dir=memory(), ignore_cleanup_errors=True) as name:
        examiner = Examiner(recorded, pathlib.Path(name))
        for cut in cuts:
            try:
                examiner.examine(cut)
            except (Violation, OSError, subprocess.SubprocessError, ValueError, KeyError) as error:
                violations.append(f"{recorded.kind.name}/{cut.time}/{cut.kind}: {type(error).__name__ if not isinstance(error, Violation) else ''} {error}")
                if stop_at_first:
                    break
        return Found(len(cuts), examiner.pending, violations)


def memory():
    return "/dev/shm" if os.access("/dev/shm", os.W_OK) and shutil.disk_usage("/dev/shm").free > 3 << 30 else None


def in_chunks(cuts, count):
    size = -(-len(cuts) // count)
    return [cuts[at : at + size] for at in range(0, len(cuts), size)]


def selected(recorded, count):
    only = os.environ.get("METAMORI_TEST_ONLY", "").split("/")
    if len(only) == 3:
        time, kind = int(only[1]), only[2]
        return [cut for cut in recorded.cuts(count) if (cut.time, cut.kind) == (time, kind)] if only[0] == recorded.kind.name else []
    return recorded.cuts(count)


def run_file_system(kind, place, turns, count):
    """How many cuts were looked at."""
    need(kind.make[0])
    recorded = Recorded(kind, place / kind.name, turns)
    cuts = selected(recorded, count)
    # Two file systems of one UUID at once are more than btrfs of older kernels can take.
    parts = in_chunks(cuts, 1 if kind.name == "btrfs" else 2)
    with multiprocessing.Pool(len(parts) or 1, maxtasksperchild=1) as pool:
        results = pool.starmap(examine_all, [(recorded, part) for part in parts], chunksize=1)
    violations = [violation for found in results for violation in found.violations]
    pending = sum(found.pending for found in results)
    print(f"{kind.name}: {len(recorded.history.steps)} steps, {len(recorded.history.acknowledged)} acknowledged, {len(recorded.log.entries)} writes and flushes, "
          f"{len(cuts)} cuts ({pending} with a restore pending), {len(violations)} violations", flush=True)
    if violations:
        raise Violation("\n".join(violations[:10]))
    return len(cuts)


def run_mutant(mutant, place, turns):
    """A program that leaves a sync out is noticed: the same run, the same looks."""
    kind = FILE_SYSTEMS[0]
    prefix = ("env", f"LD_PRELOAD={build_preload(place)}", f"METAMORI_PRELOAD={mutant}", "ASAN_OPTIONS=verify_asan_link_order=0")
    recorded = Recorded(kind, place / mutant, turns, prefix)
    with multiprocessing.Pool(1) as pool:
        found = pool.apply(examine_all, (recorded, recorded.cuts(60), True))
    if not found.violations:
        raise Violation(f"{found.cuts} cuts of a program with {mutant}, and nothing was noticed")
    print(f"{mutant}: {found.violations[0][:300]}", flush=True)
    return 1


def test():
    parts, at_length = Parts("power_cuts"), scale() >= 5
    turns, count = (90, 560) if at_length else (16, 34)
    try:
        check_means()
        own_mounts()
    except Exception as reason:
        parts.skip("power cuts on real file systems", str(reason))
        parts.end()
    with tempfile.TemporaryDirectory(prefix="metamori-power-", dir=memory(), ignore_cleanup_errors=True) as name:
        for kind in FILE_SYSTEMS:
            parts.run(f"power cuts on {kind.name}", run_file_system, kind, pathlib.Path(name), turns, count, count=f"T4.cuts.{kind.name}")
        for mutant in MUTANTS:
            parts.run(f"a program with {mutant} is caught", run_mutant, mutant, pathlib.Path(name), 16, count="T5.power.mutants")
    parts.end()


if __name__ == "__main__":
    test()
