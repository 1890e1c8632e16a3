#!/usr/bin/python3
"""Writers, forget and gc at once, all of them killed now and then: every checkpoint that was acknowledged and not forgotten is there, whole.

METAMORI_TEST_SCALE of 5 or more: 8 writers, of 100 or more 16 for ten minutes.
"""

import collections
import hashlib
import json
import pathlib
import signal
import subprocess
import threading
import time

from support import chance, environment, main, program, run, run_json, scale, scratch, tell_count

Told = collections.namedtuple("Told", "writer id number content pages")
PAGES, PAGE = 60, 4096


class Runner(threading.Thread):
    """Runs the program again and again; one run of a few is killed."""

    def __init__(self, tree, name, deadline):
        super().__init__()
        self.tree, self.name_, self.deadline, self.chosen = tree, name, deadline, chance(name)
        self.killed, self.runs, self.failures = 0, 0, []

    def program(self, *words, ok=(0,), within=0.2):
        process = subprocess.Popen(
            [program(), *words, "--lock-timeout", "2m"], cwd=self.tree, env=environment(), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        if self.chosen.random() < 0.2:
            time.sleep(self.chosen.random() * within)
            process.send_signal(signal.SIGKILL)
        out, err = process.communicate(timeout=300)
        self.runs += 1
        self.killed += process.returncode == -signal.SIGKILL
        if process.returncode not in (*ok, -signal.SIGKILL):
            self.failures.append(f"{self.name_}: {' '.join(words)}: exit {process.returncode}: {out[-200:]!r} {err[-400:]!r}")
        return process.returncode, out


class Writer(Runner):
    def __init__(self, tree, index, deadline):
        super().__init__(tree, f"writer {index}", deadline)
        self.index, self.place, self.told = index, tree / f"w{index}", []
        self.place.mkdir()
        self.pages = bytearray(self.chosen.randbytes(PAGES * PAGE))

    def run(self):
        turn = 0
        while time.monotonic() < self.deadline:
            turn += 1
            content = b"%d %d " % (self.index, turn) + self.chosen.randbytes(self.chosen.randrange(30000))
            at = self.chosen.randrange(PAGES) * PAGE
            self.pages[at : at + PAGE] = self.chosen.randbytes(PAGE)
            for name, what in (("content", content), ("pages", self.pages)):
                (self.place / "beside").write_bytes(what)
                (self.place / "beside").rename(self.place / name)
            code, out = self.program("checkpoint", f"w{self.index}", "--json")
            try:
                report = json.loads(out)
            except ValueError:
                continue
            if report.get("type") == "checkpoint" and code in (0, 3, -signal.SIGKILL):
                digests = (hashlib.sha256(what).hexdigest() for what in (content, self.pages))
                self.told.append(Told(self.index, report["id"], report["number"], *digests))


class Keeper(Runner):
    """Forgets most of what is old, and collects."""

    def __init__(self, tree, writers, deadline):
        super().__init__(tree, "keeper", deadline)
        self.writers, self.forgotten, self.collected = writers, set(), 0

    def run(self):
        while time.monotonic() < self.deadline:
            known = sorted(one.number for writer in self.writers for one in list(writer.told))
            old = [number for number in known[:-8] if number not in self.forgotten and self.chosen.random() < 0.6]
            if old:
                self.forgotten.update(old)  # by a run that is killed some may be, and some not
                code, _ = self.program("forget", "-q", *map(str, old), ok=(0, 12))
                if self.chosen.random() < 0.3:
                    # A run that was killed may have forgotten nothing: the last forget is then one before it, and gc has been there since.
                    self.program("undo", "-q", ok=(0,) if code == 0 else (0, 16))
            self.collected += self.program("gc", "-q", within=0.4)[0] == 0
            time.sleep(0.05)


def check_told(tree, told, forgotten):
    violations = []
    for one in told:
        if one.number in forgotten:
            continue
        for name, expected in (("content", one.content), ("pages", one.pages)):
            found = run(tree, "cat", f"{one.id}:w{one.writer}/{name}", ok=None)
            if found.code != 0 or hashlib.sha256(found.out).hexdigest() != expected:
                violations.append(f"checkpoint {one.number} of writer {one.writer}, {name}: {found.told()[:300] if found.code else 'other bytes'}")
    return violations


def test():
    with scratch("keepers") as name:
        tree = pathlib.Path(name) / "tree"
        tree.mkdir()
        run(tree, "init")
        deadline = time.monotonic() + (600 if scale() >= 100 else min(6 * scale(), 120))
        writers = [Writer(tree, index, deadline) for index in range(3 if scale() < 5 else 8 if scale() < 100 else 16)]
        keeper = Keeper(tree, writers, deadline)
        for thread in (*writers, keeper):
            thread.start()
        for thread in (*writers, keeper):
            thread.join()
        told = [one for writer in writers for one in writer.told]
        violations = [failure for thread in (*writers, keeper) for failure in thread.failures]
        violations += check_told(tree, told, keeper.forgotten)
        verified = run_json(tree, "verify", "--data", ok=(0, 13))
        if not verified["ok"]:
            violations.append(f"verify: {verified['problems'][:3]}")
        run(tree, "checkpoint")
        run(tree, "gc")
        violations += check_told(tree, told, keeper.forgotten)
        if left := [path.name for path in (tree / ".metamori/tmp").iterdir() if path.name.startswith(("pack-", "record-"))]:
            violations.append(f"left in tmp: {left}")
        kept = sum(one.number not in keeper.forgotten for one in told)
        killed = sum(thread.killed for thread in (*writers, keeper))
        print(f"{len(told)} acknowledged, {len(keeper.forgotten)} forgotten, {keeper.collected} collections, {killed} killed")
    tell_count("P12.acknowledged", len(told))
    tell_count("P12.collections", keeper.collected)
    if not kept or not keeper.collected:
        violations.append("nothing was kept, or nothing collected")
    return f"keepers: {len(told)} checkpoints, {keeper.collected} collections", violations


if __name__ == "__main__":
    main(test)
