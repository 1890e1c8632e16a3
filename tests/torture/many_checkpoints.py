#!/usr/bin/python3
"""Many checkpoints of a tree that changes at random, each compared exactly after being restored elsewhere; a sample through the independent reader."""

import os
import pathlib
import subprocess
import sys

from support import Violation, Walk, chance, expect_same, leave_out, main, remove, run, run_json, scale, scratch, spread, tell_count

READER = pathlib.Path(__file__).resolve().parent.parent / "reader/metamori_reader.py"
SLACK_BLOCKS = 512  # of 512 bytes: how much more a restored file may take than the original


class Churn:
    """Random edits of a tree, of every kind a job makes."""

    def __init__(self, tree, chosen):
        self.tree, self.chosen, self.made = tree, chosen, 0

    def fresh(self):
        """A new name in some directory."""
        self.made += 1
        return self.chosen.choice(self.directories()) / f"n{self.made}"

    def walk(self):
        for top, directories, names in os.walk(self.tree):
            directories[:] = sorted(name for name in directories if name != ".metamori")
            yield pathlib.Path(top), sorted(names)

    def directories(self):
        return [top for top, _ in self.walk()]

    def files(self):
        return [top / name for top, names in self.walk() for name in names if not (top / name).is_symlink()]

    def content(self):
        size = self.chosen.choice((0, 1, 100, 5000, 70000, 400000))
        return self.chosen.choice((self.chosen.randbytes(size), b"all the same " * (size // 13), bytes(size)))

    def create(self):
        self.fresh().write_bytes(self.content())

    def overwrite(self, file):
        with open(file, "r+b") as handle:
            handle.seek(self.chosen.randrange(file.stat().st_size + 1))
            handle.write(self.content()[:9000])

    def append(self, file):
        with open(file, "ab") as handle:
            handle.write(self.content())

    def truncate(self, file):
        os.truncate(file, self.chosen.randrange(file.stat().st_size + 1))

    def sparse(self, file):
        with open(file, "r+b") as handle:
            handle.seek(file.stat().st_size + self.chosen.randrange(1 << 22))
            handle.write(b"after a hole")

    def link(self, file):
        os.link(file, self.fresh())

    def rename(self, file):
        os.rename(file, self.fresh())

    def replace(self, file):
        other = self.fresh()
        other.write_bytes(self.content())
        os.rename(other, file)

    def delete(self, file):
        file.unlink()

    def chmod(self, file):
        file.chmod(self.chosen.choice((0o600, 0o644, 0o755, 0o444, 0o4755)))

    def touch(self, file):
        os.utime(file, ns=(0, self.chosen.randrange(-(10**18), 4 * 10**18)))

    def same_size_same_time(self, file):
        """What only ctime tells: content of the same length, with mtime put back."""
        info = file.stat()
        file.write_bytes(self.chosen.randbytes(min(info.st_size, 100000)).ljust(info.st_size, b"."))
        os.utime(file, ns=(info.st_atime_ns, info.st_mtime_ns))

    def symlink(self):
        self.fresh().symlink_to(self.chosen.choice(("n1", "/nowhere", "../up", "x" * 3000)))

    def mkdir(self):
        self.fresh().mkdir(self.chosen.choice((0o755, 0o700, 0o2775)))

    def move_directory(self):
        movable = self.directories()[1:]
        if movable:
            source, target = self.chosen.choice(movable), self.fresh()
            if source not in target.parents:
                os.rename(source, target)

    def step(self):
        of_file = (self.overwrite, self.append, self.truncate, self.sparse, self.link, self.rename, self.replace, self.delete, self.chmod, self.touch, self.same_size_same_time)
        files = self.files()
        if files and self.chosen.random() < 0.7:
            self.chosen.choice(of_file)(self.chosen.choice(files))
        else:
            self.chosen.choice((self.create, self.create, self.create, self.symlink, self.mkdir, self.move_directory))()


def check_blocks(found, state, what):
    for path, blocks in found.blocks.items():
        if blocks > state.blocks[path] + SLACK_BLOCKS:
            raise Violation(f"{what}: {path!r} takes {blocks} blocks, the original {state.blocks[path]}")


def check_elsewhere(tree, target, number, state):
    run(tree, "restore", str(number), "--to", str(target), "--same-owner")
    found = Walk(target)
    expect_same(found, state, f"checkpoint {number}")
    check_blocks(found, state, f"checkpoint {number}")
    remove(target)


def reader_works():
    """Whether the modules that the reader needs are there."""
    done = subprocess.run([sys.executable, "-B", str(READER)], capture_output=True, text=True)
    if "ModuleNotFoundError" in done.stderr:
        leave_out("the independent reader", done.stderr.strip().splitlines()[-1])
        return False
    return True


def check_reader(tree, target, number, state):
    """The independent reader gives the same; owners need no privileges there, but attributes and times do come back."""
    done = subprocess.run([sys.executable, "-B", str(READER), "restore", str(tree), str(number), str(target)], capture_output=True)
    if done.returncode != 0:
        raise Violation(f"the reader on checkpoint {number}: exit {done.returncode}: {done.stderr[-500:]!r}")
    expect_same(Walk(target), state, f"checkpoint {number} by the reader")
    remove(target)


def test():
    count, chosen, states, violations, sampled = 40 * scale(), chance("many_checkpoints"), {}, [], 0
    with scratch("many") as name:
        tree, target = pathlib.Path(name) / "tree", pathlib.Path(name) / "out"
        tree.mkdir()
        run(tree, "init")
        churn = Churn(tree, chosen)
        for _ in range(count):
            for _ in range(chosen.randrange(1, 25)):
                churn.step()
            states[run_json(tree, "checkpoint")["number"]] = Walk(tree)
        sample = spread(sorted(states), 8 + count // 20) if reader_works() else []
        checks = [(check_elsewhere, number) for number in states] + [(check_reader, number) for number in sample]
        for check, number in checks:
            try:
                check(tree, target, number, states[number])
                sampled += check is check_reader
            except Violation as violation:
                violations.append(str(violation))
                remove(target)
        if not run_json(tree, "verify", "--data", ok=(0, 13))["ok"]:
            violations.append("verify")
    print(f"{sampled} checkpoints through the independent reader, {len(states[max(states)].entries)} names in the last")
    tell_count("P6.checkpoints", len(states))
    return f"many_checkpoints: {len(states)} checkpoints", violations


if __name__ == "__main__":
    main(test)
