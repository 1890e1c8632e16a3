#!/usr/bin/python3
"""Many processes checkpoint into one repository at once, some of them killed: every acknowledged checkpoint is there, and nothing is lost between them."""

import collections
import hashlib
import json
import pathlib
import signal
import subprocess
import threading
import time

from support import Violation, Walk, chance, environment, expect_same, main, program, run, run_json, scale, scratch, tell_count

Told = collections.namedtuple("Told", "writer id number content")


class Writer(threading.Thread):
    """Changes its own directory and checkpoints it (or the whole tree), again and again; every fifth one may be killed."""

    def __init__(self, tree, index, turns):
        super().__init__()
        self.tree, self.index, self.turns, self.chosen = tree, index, turns, chance(f"writer {index}")
        self.place, self.told, self.killed, self.failures = tree / f"w{index}", [], 0, []
        self.place.mkdir()

    def checkpoint(self, deadly):
        paths = [] if self.index % 4 == 0 else [f"w{self.index}"]
        words = [program(), "checkpoint", *paths, "--json", "-m", f"writer {self.index}"]
        process = subprocess.Popen(words, cwd=self.tree, env=environment(), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        if deadly:
            time.sleep(self.chosen.random() * 0.15)
            process.send_signal(signal.SIGKILL)
        out, err = process.communicate(timeout=300)
        return process.returncode, out, err

    def run(self):
        for turn in range(self.turns):
            content = b"%d %d " % (self.index, turn) + self.chosen.randbytes(self.chosen.randrange(60000))
            beside = self.place / "beside"
            beside.write_bytes(content)
            beside.rename(self.place / "content")
            code, out, err = self.checkpoint(deadly=self.index % 2 == 1 and turn % 5 == 3)
            self.killed += code == -signal.SIGKILL
            try:
                report = json.loads(out)
            except ValueError:
                report = {}
            # A whole-tree checkpoint may look at others' files while they change, and says so.
            if report.get("type") == "checkpoint" and code in (0, 3, -signal.SIGKILL):
                self.told.append(Told(self.index, report["id"], report["number"], hashlib.sha256(content).hexdigest()))
            elif code != -signal.SIGKILL:
                self.failures.append(f"writer {self.index}, turn {turn}: exit {code}: {out!r} {err!r}")


def check_told(tree, told, listed):
    """Every acknowledged checkpoint is listed under its number and holds what its writer had written by then."""
    violations = []
    by_id = {entry["id"]: entry["number"] for entry in listed}
    for one in told:
        if by_id.get(one.id) != one.number:
            violations.append(f"acknowledged {one.id}, number {one.number}, is listed as {by_id.get(one.id)}")
            continue
        found = hashlib.sha256(run(tree, "cat", f"{one.id}:w{one.writer}/content").out).hexdigest()
        if found != one.content:
            violations.append(f"{one.id} of writer {one.writer} holds other content")
    return violations


def check_numbers(listed, told):
    numbers = [entry["number"] for entry in listed]
    violations = [f"numbers are not unique: {sorted(numbers)}"] if len(set(numbers)) != len(numbers) else []
    # An unchanged whole tree is a checkpoint, too, so two acknowledgements never share a number.
    shared = [number for number, count in collections.Counter(one.number for one in told).items() if count > 1]
    return violations + [f"number {number} was acknowledged twice" for number in shared]


def check_lines(listed):
    """All were on one line, each the parent of the next: nobody's checkpoint was left aside."""
    ids, entries = {entry["id"] for entry in listed}, sorted(listed, key=lambda entry: entry["number"])
    broken = [entry["number"] for before, entry in zip(entries, entries[1:]) if entry["parents"] != [before["id"]] or before["id"] not in ids]
    return [f"checkpoints {broken[:5]} have another parent than the one before"] if broken else []


def race(place):
    count, turns = (16, 25) if scale() >= 5 else (8, 10)
    tree = place / "tree"
    tree.mkdir()
    run(tree, "init")
    writers = [Writer(tree, index, turns) for index in range(count)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    told = [one for writer in writers for one in writer.told]
    listed = run_json(tree, "log", "--all")["checkpoints"]
    violations = [failure for writer in writers for failure in writer.failures] + check_told(tree, told, listed) + check_numbers(listed, told) + check_lines(listed)
    for writer in writers:
        last = writer.told[-1] if writer.told else None
        kept = run(tree, "cat", f"latest:w{writer.index}/content", ok=(0, 1, 12))
        if last and (kept.code != 0 or int(kept.out.split()[1]) < turns - 3):
            violations.append(f"the last checkpoint holds old content of writer {writer.index}: {kept.told()[:200]}")
    if not run_json(tree, "verify", "--data", ok=(0, 13))["ok"]:
        violations.append("verify")
    state = Walk(tree)
    report = run_json(tree, "checkpoint")
    run(tree, "restore", str(report["number"]), "--to", str(place / "out"), "--same-owner")
    expect_same(Walk(place / "out"), state, "the tree after all of it")
    print(f"{len(told)} acknowledged of {count * turns}, {sum(writer.killed for writer in writers)} killed, {len(listed)} listed")
    return len(told), violations


def stopped(tree, words, after, published):
    """The program, stopped after so many seconds, or None if it had ended, or published that record, by then."""
    process = subprocess.Popen([program(), *words], cwd=tree, env=environment(), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    time.sleep(after)
    process.send_signal(signal.SIGSTOP)
    if process.poll() is not None or (tree / ".metamori/checkpoints" / str(published)).exists():
        process.send_signal(signal.SIGCONT)
        process.communicate()
        return None
    return process


def go_on(process):
    process.send_signal(signal.SIGCONT)
    return process.communicate(timeout=300)


def three_states(tree, chosen):
    """A tree with two checkpoints and newer work: (report of the first, its state)."""
    (tree / "data").mkdir(parents=True)
    for number in range(300):
        (tree / f"data/f{number}").write_bytes(chosen.randbytes(20000))
    run(tree, "init")
    first, state = run_json(tree, "checkpoint"), Walk(tree)
    for turn in range(2):
        for number in range(turn, 300, 2):
            (tree / f"data/f{number}").write_bytes(chosen.randbytes(20000))
        if turn == 0:
            run(tree, "checkpoint")
    return first, state


def restore_between(place, index, after):
    """A restore of the whole tree while a checkpoint is between its scan and its publication. False if it could not be stopped there."""
    tree = place / f"between{index}"
    first, one = three_states(tree, chance(f"between {index}"))
    process = stopped(tree, ("checkpoint", "--json"), after, 3)
    if process is None:
        return False
    try:
        run(tree, "restore", "1", "--delete")
        expect_same(Walk(tree), one, "restored while a checkpoint was stopped")
    finally:
        out, err = go_on(process)
    if process.returncode != 0:
        raise Violation(f"the stopped checkpoint: exit {process.returncode}: {out!r} {err!r}")
    report = json.loads(out)
    if report["parents"] != [first["id"]]:
        raise Violation(f"the stopped checkpoint's parents are {report['parents']}, HEAD was moved to {first['id']}")
    run(tree, "restore", str(report["number"]), "--to", str(place / f"between-out{index}"), "--same-owner")
    expect_same(Walk(place / f"between-out{index}"), one, "the stopped checkpoint holds what it scanned before the restore")
    return True


def checkpoint_between(place, index, after):
    """A checkpoint while a restore captures the tree: the restore goes on from the new HEAD. False if it could not be stopped there."""
    tree = place / f"during{index}"
    first, one = three_states(tree, chance(f"during {index}"))
    newest = Walk(tree)
    process = stopped(tree, ("restore", "1", "--delete", "--json"), after, 3)
    if process is None:
        return False
    try:
        third = run_json(tree, "checkpoint")
    finally:
        out, err = go_on(process)
    if process.returncode != 0:
        raise Violation(f"the stopped restore: exit {process.returncode}: {out!r} {err!r}")
    expect_same(Walk(tree), one, "after the stopped restore")
    if (head := run_json(tree, "status")["head"]["id"]) != first["id"]:
        raise Violation(f"HEAD is {head}, not what was restored")
    run(tree, "undo")
    # An undo brings back what the restore touched; times of directories that only names came into or left move.
    if different := Walk(tree).difference(newest, without=(b"", b"data")):
        raise Violation(f"after undo: {different}")
    if (head := run_json(tree, "status")["head"]["id"]) != third["id"]:
        raise Violation(f"HEAD after undo is {head}, not the checkpoint taken meanwhile")
    return True


def interleave(place, meeting, violations):
    """Tries a meeting of two processes at different moments: how often they met."""
    tries, met = 10 * min(scale(), 10), 0
    for index in range(tries):
        try:
            met += meeting(place, index, 0.005 + 0.1 * index / tries)
        except Violation as violation:
            violations.append(f"{meeting.__name__} {index}: {violation}")
    print(f"{meeting.__name__}: {met} of {tries} met")
    if not met and not violations:
        violations.append(f"{meeting.__name__}: they never met")
    return met


def test():
    with scratch("writers") as name:
        place = pathlib.Path(name)
        acknowledged, violations = race(place)
        met = sum(interleave(place, meeting, violations) for meeting in (restore_between, checkpoint_between))
    tell_count("T10.acknowledged", acknowledged)
    tell_count("T10.meetings", met)
    return f"two_writers: {acknowledged} checkpoints, {met} meetings with a restore", violations


if __name__ == "__main__":
    main(test)
