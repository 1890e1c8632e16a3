#!/usr/bin/python3
"""A disk that runs full, of blocks, of inodes or by quota, while checkpoints, forget and gc go on: nothing acknowledged is lost, nothing is left
behind, everything that only reads works all the time, and forgetting makes room."""

import pathlib
import subprocess
import threading
import time

from support import Violation, Walk, build_preload, chance, expect_same, remove, run, run_json, scale, scratch  # first: it knows where the others are
from mounts import Mounted, own_mounts
from tap import Parts, Skip

READING = (
    ("status",), ("log", "--all"), ("show", "HEAD"), ("ls", "-R", "HEAD"), ("cat", "HEAD:f0"), ("diff", "HEAD~1", "HEAD"), ("diff",), ("find", "f0"), ("stats",),
    ("verify", "--data"), ("forget", "-n", "--keep-last", "1"), ("gc", "-n"), ("checkpoint", "-n"), ("restore", "-n", "HEAD~1"),
)
FILES, FILE_BYTES = 4, 1 << 20
SIGXFSZ_BIT = 1 << 24
TURNS = 12 * scale()


class Job:
    """A tree whose files are rewritten in place, so that the job itself needs no room, and the checkpoints that were acknowledged."""

    def __init__(self, tree, name, size=FILE_BYTES, prefix=()):
        self.tree, self.chosen, self.size, self.prefix, self.told = tree, chance(name), size, prefix, {}
        tree.mkdir()
        run(tree, "init")
        for number in range(FILES):
            (tree / f"f{number}").write_bytes(self.chosen.randbytes(size))

    def work(self):
        for number in range(FILES):
            with open(self.tree / f"f{number}", "r+b") as file:
                file.write(self.chosen.randbytes(self.size))

    def checkpoint(self):
        """Whether there was room for one."""
        state = Walk(self.tree)
        result = run(self.tree, "checkpoint", "--json", ok=(0, 15), prefix=self.prefix)
        if result.code == 0:
            self.told[result.json()["number"]] = state
        else:
            expect_no_litter(self.tree)
            expect_same(Walk(self.tree), state, "the tree after a checkpoint that found no room")
        return result.code == 0

    def expect_reading(self, out):
        """All that only reads works, and gives what was told."""
        for words in READING:
            run(self.tree, *words)
        for number in (min(self.told), max(self.told)):
            self.expect_whole(number, out)
        return len(READING) + 2

    def expect_whole(self, number, out):
        run(self.tree, "restore", str(number), "--to", out, "--same-owner")
        expect_same(Walk(out), self.told[number], f"checkpoint {number} restored elsewhere")
        remove(out)

    def forget(self, numbers):
        run(self.tree, "forget", *map(str, numbers))
        for number in numbers:
            del self.told[number]

    def expect_told(self, out):
        listed = {entry["number"] for entry in run_json(self.tree, "log", "--all", "-n", "100000")["checkpoints"]}
        if missing := self.told.keys() - listed:
            raise Violation(f"acknowledged checkpoints are not listed: {sorted(missing)}")
        for number in self.told:
            self.expect_whole(number, out)


def expect_no_litter(tree):
    if left := [path.name for path in (tree / ".metamori/tmp").iterdir()]:
        raise Violation(f"left in tmp: {left}")


def make_image(place, size):
    image = place / "image"
    with open(image, "wb") as file:
        file.truncate(size)
    try:
        subprocess.run(["mkfs.ext4", "-q", "-m", "0", image], check=True, capture_output=True)
    except FileNotFoundError:
        raise Skip("no mkfs.ext4") from None
    return image


def mounted(kind, what, place, options=""):
    try:
        own_mounts()
    except Exception as reason:
        raise Skip(str(reason)) from None
    return Mounted(kind, what, place, options)


def fill(directory, inodes=False):
    """Takes all that is left."""
    ballast = directory / "ballast"
    ballast.mkdir(exist_ok=True)
    try:
        for number in range(1_000_000):
            with open(ballast / f"b{time.monotonic_ns()}-{number}", "wb", buffering=0) as file:
                while not inodes and file.write(bytes(1 << 16 if number == 0 else 1 << 10)):
                    pass
    except OSError:
        pass


def check_driven_full(place):
    """Checkpoints until there is no room, then forget and gc, again and again."""
    refused = reads = 0
    with mounted("ext4", make_image(place, 64 << 20), place / "disk") as disk:
        job, out = Job(disk / "tree", "driven full"), place / "out"
        for _ in range(TURNS * 4):
            job.work()
            if job.checkpoint():
                continue
            refused += 1
            reads += job.expect_reading(out)
            old = sorted(job.told)[: max(1, len(job.told) * 2 // 3)]
            state = dict(job.told)
            job.forget(old)
            if refused % 3 == 0:  # thought better of
                run(job.tree, "undo")
                job.told.update(state)
                job.expect_whole(old[0], out)
                job.forget(old)
            run(job.tree, "gc")
            if not job.checkpoint():
                raise Violation(f"after forgetting {len(old)} checkpoints and gc there is no room for one")
        job.expect_told(out)
        if refused < 2:
            raise Violation(f"the disk was full {refused} times only")
    print(f"full {refused} times, {reads} reads, {len(job.told)} checkpoints at the end", flush=True)
    return refused


def check_not_a_block(place):
    """Not a block is free. What is in the way of forget is the cache, which can be made again."""
    with mounted("ext4", make_image(place, 64 << 20), place / "disk") as disk:
        return run_out(place, disk, "not a block", inodes=False)


def check_not_an_inode(place):
    with mounted("tmpfs", "tmpfs", place / "disk", "size=256m,nr_inodes=200") as disk:
        return run_out(place, disk, "not an inode", inodes=True)


def check_tmpfs(place):
    with mounted("tmpfs", "tmpfs", place / "disk", "size=64m") as disk:
        return run_out(place, disk, "tmpfs", inodes=False)


def run_out(place, disk, name, inodes):
    job, out, count = Job(disk / "tree", name, 200_000), place / "out", 0
    for turn in range(4):
        while len(job.told) < 8 + turn:
            job.work()
            if not job.checkpoint():
                raise Violation("there is no room in the beginning")
        job.work()
        run(job.tree, "status")
        fill(disk, inodes)
        if job.checkpoint():
            raise Violation("there was room for a checkpoint")
        count += job.expect_reading(out)
        before = Walk(job.tree)
        run(job.tree, "restore", str(min(job.told)), ok=(15,))
        expect_same(Walk(job.tree), before, "the tree after a restore that found no room")
        run(job.tree, "tag", f"t{turn}", str(min(job.told)), ok=(0, 15))
        job.forget(sorted(job.told)[:-2])
        # What the cache gives way for is room for records; a lock and the generation are new files the first time.
        if run(job.tree, "gc", ok=(0, 15) if inodes and turn == 0 else (0,)).code:
            for ballast in sorted((disk / "ballast").iterdir())[:3]:
                ballast.unlink()
            run(job.tree, "gc")
        expect_no_litter(job.tree)
        if not job.checkpoint():
            raise Violation("after forget and gc there is no room")
        job.expect_told(out)
        remove(disk / "ballast")
        count += 6
    return count


class Writer(threading.Thread):
    def __init__(self, tree, index, deadline):
        super().__init__()
        self.tree, self.index, self.deadline, self.chosen = tree, index, deadline, chance(f"full writer {index}")
        self.place, self.told, self.failures, self.refused = tree / f"w{index}", [], [], 0
        self.place.mkdir()
        (self.place / "f").write_bytes(self.chosen.randbytes(FILE_BYTES))

    def run(self):
        while time.monotonic() < self.deadline:
            content = self.chosen.randbytes(FILE_BYTES)
            with open(self.place / "f", "r+b") as file:
                file.write(content)
            try:
                result = run(self.tree, "checkpoint", self.place.name, "--json", "--lock-timeout", "2m", ok=(0, 15))
            except Violation as violation:
                self.failures.append(str(violation))
                return
            self.refused += result.code == 15
            if result.code == 0:
                self.told.append((result.json()["number"], self.place.name, content))


def collect(tree, writers, forgotten, ok):
    old = sorted(number for writer in writers for number, _, _ in list(writer.told))[:-6]
    if old := [number for number in old if number not in forgotten]:
        forgotten.update(old)  # some are, where the run finds no room
        run(tree, "forget", *map(str, old), "--lock-timeout", "2m", ok=(*ok, 12))
    run(tree, "gc", "--lock-timeout", "2m", ok=ok)


def check_writers(place):
    """Writers, forget and gc at once on a disk that is full now and then."""
    with mounted("ext4", make_image(place, 64 << 20), place / "disk") as disk:
        tree, forgotten = disk / "tree", set()
        tree.mkdir()
        run(tree, "init")
        run(tree, "checkpoint")
        deadline = time.monotonic() + 5 * min(scale(), 12)
        writers = [Writer(tree, index, deadline) for index in range(3)]
        for writer in writers:
            writer.start()
        failures = []
        while any(writer.is_alive() for writer in writers):
            time.sleep(1)
            try:
                collect(tree, writers, forgotten, ok=(0, 15))  # the writers take all that there is, also what the cache gave
            except Violation as violation:
                failures.append(str(violation))
        collect(tree, writers, forgotten, ok=(0,))
        failures += [failure for writer in writers for failure in writer.failures]
        for number, name, content in (one for writer in writers for one in writer.told):
            if number not in forgotten and run(tree, "cat", f"{number}:{name}/f").out != content:
                failures.append(f"checkpoint {number} holds other bytes")
        if not run_json(tree, "verify", "--data", ok=(0, 13))["ok"]:
            failures.append("verify")
        if failures:
            raise Violation("; ".join(failures[:3]))
        count = sum(len(writer.told) for writer in writers)
        print(f"{count} acknowledged, {sum(writer.refused for writer in writers)} found no room, {len(forgotten)} forgotten", flush=True)
        return count


def check_quota(place):
    """EDQUOT is told as what it is, and nothing is left; reading goes on."""
    mark = place / "over-quota"
    with_quota = ("env", f"LD_PRELOAD={build_preload(place)}", "METAMORI_PRELOAD=quota", f"METAMORI_PRELOAD_QUOTA={mark}", "ASAN_OPTIONS=verify_asan_link_order=0")
    job, out, count = Job(place / "quota", "quota", 200_000, with_quota), place / "out", 0
    for _ in range(3):
        job.work()
        if not job.checkpoint():
            raise Violation("there was no room within the quota")
    job.work()
    mark.touch()
    result = run(job.tree, "checkpoint", "--json", ok=(15,), prefix=with_quota)
    if "quota" not in result.json()["message"].lower():
        raise Violation(f"the quota is not named: {result.told()}")
    expect_no_litter(job.tree)
    for words in READING:
        run(job.tree, *words, prefix=with_quota)
        count += 1
    for words in (("restore", "1"), ("forget", "1"), ("gc",), ("tag", "t", "1"), ("track", "f*")):
        before = Walk(job.tree)
        run(job.tree, *words, ok=(0, 15), prefix=with_quota)
        expect_same(Walk(job.tree), before, f"the tree after {words[0]} over quota")
        expect_no_litter(job.tree)
        count += 1
    mark.unlink()
    job.told.pop(1, None)  # it may have been forgotten
    if not job.checkpoint():
        raise Violation("no checkpoint within the quota again")
    job.expect_told(out)
    return count


def check_file_size(place):
    """A limit on the size of files (ulimit -f) is an error like others; a program that is run has the signal as it was."""
    limited = ("prlimit", "--fsize=100000")
    job = Job(place / "limited", "limited", 300_000)
    if not job.checkpoint():
        raise Violation("no checkpoint without a limit")
    job.work()
    result = run(job.tree, "checkpoint", "--json", ok=(1,), prefix=limited)
    if "File too large" not in result.json()["message"]:
        raise Violation(f"the limit is not named: {result.told()}")
    expect_no_litter(job.tree)
    state = Walk(job.tree)
    run(job.tree, "restore", "1", ok=(1,), prefix=limited)
    expect_same(Walk(job.tree), state, "the tree after a restore that met the limit")
    ignored = run(job.tree, "watch", "-q", "--", "grep", "SigIgn", "/proc/self/status").out.split(b"SigIgn:")[1].split()[0]
    if int(ignored, 16) & SIGXFSZ_BIT:
        raise Violation("the program that watch runs ignores SIGXFSZ")
    if not job.checkpoint():
        raise Violation("no checkpoint without the limit again")
    job.expect_told(place / "out")
    return 3


def test():
    parts = Parts("torture_full_disk")
    checks = (
        ("ext4 of 64 MiB, driven full again and again", check_driven_full, "T6.full"),
        ("ext4 without a free block", check_not_a_block, "T6.scenarios"),
        ("tmpfs without a free inode", check_not_an_inode, "T6.scenarios"),
        ("tmpfs without a free block", check_tmpfs, "T6.scenarios"),
        ("writers, forget and gc at once on a full disk", check_writers, "T6.full.acknowledged"),
        ("over quota", check_quota, "T6.scenarios"),
        ("a limit on the size of files", check_file_size, "T6.scenarios"),
    )
    for name, check, count in checks:
        with scratch("full-disk", in_memory=True) as directory:
            parts.run(name, check, pathlib.Path(directory), count=count)
    parts.end()


if __name__ == "__main__":
    test()
