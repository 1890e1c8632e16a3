#!/usr/bin/python3
"""Copies between repositories in which others write, forget and collect, all of them killed now and then: at the end the copy is the source."""

import pathlib
import time

from keepers import Runner, Writer
from support import Walk, main, remove, run, run_json, scale, scratch, tell_count


class Copier(Runner):
    def __init__(self, source, target, index, deadline):
        super().__init__(source, f"copier {index}", deadline)
        self.target, self.done = target, 0

    def run(self):
        while time.monotonic() < self.deadline:
            # A checkpoint may be forgotten while it is copied: then it, and what descends from it, comes with the next run.
            self.done += self.program("copy", "-q", str(self.target), ok=(0, 13), within=0.5)[0] == 0


class Collector(Runner):
    """Forgets some of what is old, and collects."""

    def __init__(self, tree, name, deadline, forgets):
        super().__init__(tree, name, deadline)
        self.forgets = forgets

    def run(self):
        while time.monotonic() < self.deadline:
            if self.forgets:
                self.program("forget", "-q", "--keep-last", "25")
            self.program("gc", "-q", within=0.4)
            time.sleep(0.1)


def numbers_by_id(tree):
    return {entry["id"]: entry["number"] for entry in run_json(tree, "log", "--all", "--max", "100000")["checkpoints"] if not entry.get("safety")}


def compare(name, source, target):
    violations = []
    there = numbers_by_id(target)
    for id, number in numbers_by_id(source).items():
        if id not in there:
            violations.append(f"checkpoint {number} was not copied")
            continue
        walks = []
        for tree, which in ((source, number), (target, there[id])):
            out = name / f"out-{tree.name}"
            run(tree, "restore", str(which), "--to", str(out), "--same-owner", "-q")
            walks.append(Walk(out))
            remove(out)
        if different := walks[0].difference(walks[1]):
            violations.append(f"checkpoint {number} differs: {different}")
    return violations


def test():
    with scratch("copiers") as name:
        name = pathlib.Path(name)
        source, target = name / "source", name / "target"
        for tree in (source, target):
            tree.mkdir()
            run(tree, "init")
        deadline = time.monotonic() + min(6 * scale(), 120)
        threads = [
            *(Writer(source, index, deadline) for index in range(2)),
            Writer(target, 9, deadline),
            *(Copier(source, target, index, deadline) for index in range(2)),
            Collector(source, "collector of the source", deadline, True),
            Collector(target, "collector of the target", deadline, False),
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        violations = [failure for thread in threads for failure in thread.failures]
        run(source, "copy", str(target))
        violations += compare(name, source, target)
        verified = run_json(target, "verify", "--data", ok=(0, 13))
        if not verified["ok"]:
            violations.append(f"verify: {verified['problems'][:3]}")
        run(target, "gc")
        if left := [path.name for path in (target / ".metamori/tmp").iterdir() if path.name.startswith(("pack-", "record-"))]:
            violations.append(f"left in tmp: {left}")
        copies = sum(thread.done for thread in threads if isinstance(thread, Copier))
        compared = len(numbers_by_id(source))
        killed = sum(thread.killed for thread in threads)
        print(f"{copies} copies, {compared} compared, {killed} killed")
    tell_count("P12.copies", copies)
    if not copies or not killed:
        violations.append("nothing was copied, or nothing killed")
    return f"copiers: {copies} copies, {compared} checkpoints compared, {killed} killed", violations


if __name__ == "__main__":
    main(test)
