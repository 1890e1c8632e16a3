"""A job's tree on the logged disk, commands on it, and what was told of them: by when what must be there."""

import collections
import os
import subprocess

from support import Violation, Walk, chance, expect_same, remove, run, run_json

Acknowledged = collections.namedtuple("Acknowledged", "id number state end")
# `before` and `after` are states of the tree, of commands that change it.
Step = collections.namedtuple("Step", "kind start end before after")
# A checkpoint comes or goes: from `start` it may be so, from `end` it is.
Turn = collections.namedtuple("Turn", "id is_there start end")
PAGE = 4096
SETTLING = ("restore", "undo")  # what leaves the tree exactly as it was told, on the disk
KINDS = ("copy",) * 2 + ("checkpoint",) * 10 + ("scoped",) * 2 + ("restore",) * 4 + ("undo",) * 2 + ("forget",) * 3 + ("bring-back",) + ("gc",) * 3 + ("stage",)


class History:
    """Runs commands one after the other, and takes down what they told. `prefix` comes before each command but init."""

    def __init__(self, top, clock, name, prefix=()):
        self.tree, self.clock, self.prefix, self.chosen = top / "tree", clock, (), chance(f"power {name}")
        self.acknowledged, self.steps, self.turns, self.forgotten = [], [], [], []
        self.copies = []  # (end, ids that the other repository has from then on)
        self.tree.mkdir()
        make_tree(self.tree, self.chosen)
        sync(self.tree)
        self.start = clock()
        self.step("init", lambda: self.json("init"))
        self.initialised, self.prefix = self.clock(), prefix

    def json(self, *words, ok=(0,)):
        return run(self.tree, *words, "--json", ok=ok, prefix=self.prefix).json()

    def step(self, kind, act):
        start, before = self.clock(), Walk(self.tree) if kind in SETTLING else None
        result = act()
        end = self.clock()
        self.steps.append(Step(kind, start, end, before, Walk(self.tree) if kind in SETTLING else None))
        return start, end, result

    def edit(self):
        self.step("edit", lambda: edit_tree(self.tree, self.chosen))

    def checkpoint(self, *words):
        state = Walk(self.tree)
        start, end, report = self.step("checkpoint", lambda: self.json("checkpoint", *words))
        self.turns.append(Turn(report["id"], True, start, end))
        self.acknowledged.append(Acknowledged(report["id"], report["number"], state, end))

    def there(self):
        """Acknowledged checkpoints that nobody forgot."""
        last = {turn.id: turn.is_there for turn in self.turns}
        return [one for one in self.acknowledged if last[one.id]]

    def restore(self):
        """To one of the newest, so that the tree goes to and fro."""
        sync(self.tree)  # what the restore leaves alone is no matter of its own
        goal = self.chosen.choice(self.there()[-4:])
        self.step("restore", lambda: self.json("restore", goal.id, "--delete"))
        expect_same(Walk(self.tree), goal.state, "restored")

    def undo(self):
        sync(self.tree)
        self.step("undo", lambda: self.json("undo"))

    def forget(self):
        head = run_json(self.tree, "status")["head"]["id"]
        old = [one for one in self.there()[:-3] if one.id != head and self.chosen.random() < 0.5]
        if old:
            start, end, _ = self.step("forget", lambda: self.json("forget", *(one.id for one in old)))
            self.turns += [Turn(one.id, False, start, end) for one in old]
            self.forgotten = old

    def bring_back(self):
        if self.forgotten and self.steps[-1].kind == "forget":
            start, end, _ = self.step("bring-back", lambda: self.json("undo"))
            self.turns += [Turn(one.id, True, start, end) for one in self.forgotten]

    def copy(self):
        """To another repository on the same disk."""
        ids = {one.id for one in self.there()}
        _, end, _ = self.step("copy", lambda: self.json("copy", "--init", "../other", *sorted(ids)))
        self.copies.append((end, ids))

    def take(self, kind):
        """One turn of the job. Work of the tree lies between commands, but for those that end what the one before began."""
        if kind not in ("undo", "bring-back", "gc", "copy"):
            self.edit()
        if kind == "checkpoint" or not self.acknowledged:
            self.checkpoint()
        elif kind == "scoped":
            self.scoped()
        elif kind == "restore":
            self.restore()
        elif kind == "undo" and any(step.kind == "restore" for step in self.steps[-1:]):
            self.undo()
        elif kind == "forget":
            self.forget()
            if self.chosen.random() < 0.3:
                self.bring_back()
        elif kind == "copy":
            self.copy()
        elif kind in ("gc", "stage"):
            self.step(kind, lambda: self.json(kind))

    def scoped(self):
        """A checkpoint of one directory: the rest is as the checkpoint had it that it builds on."""
        basis = {one.id: one for one in self.acknowledged}.get(run_json(self.tree, "status")["head"]["id"])
        state = Walk(self.tree)
        start, end, report = self.step("checkpoint", lambda: self.json("checkpoint", "part"))
        self.turns.append(Turn(report["id"], True, start, end))
        if basis and not any(b"/" in name and not name.startswith(b"part/") for group in state.links for name in group):
            inside = lambda path: path == b"part" or path.startswith(b"part/")  # noqa: E731
            outside = {path: entry for path, entry in basis.state.entries.items() if not inside(path)}
            state.entries = {**outside, **{path: entry for path, entry in state.entries.items() if inside(path)}}
            state.links = sorted([group for group in basis.state.links if not inside(group[0])] + [group for group in state.links if inside(group[0])])
            self.acknowledged.append(Acknowledged(report["id"], report["number"], state, end))

    # What must be so at a time.

    def presence(self, time):
        """By id: whether it must be there, or must not be. Ids that were coming or going just then are left out."""
        found = {}
        for turn in self.turns:
            if turn.end <= time:
                found[turn.id] = turn.is_there
            elif turn.start <= time:
                found.pop(turn.id, None)
        return found

    def copied(self, time):
        """What the other repository must have, and whether there was one."""
        ends = [step.end for step in self.steps if step.kind == "copy" and step.start <= time]
        return set().union(*(ids for end, ids in self.copies if end <= time)), bool(ends)

    def last_step(self, time):
        return [step for step in self.steps if step.start <= time][-1]


def sync(path):
    subprocess.run(["sync", "--file-system", path], check=True)


def make_tree(tree, chosen):
    (tree / "part/deeper").mkdir(parents=True)
    (tree / "state").mkdir()
    (tree / "state/field").write_bytes(chosen.randbytes(300 * PAGE))
    (tree / "state/log").write_bytes(b"begun\n")
    for number in range(12):
        (tree / f"part/f{number}").write_bytes(chosen.randbytes(chosen.randrange(9000)))
    os.symlink("f1", tree / "part/link")
    (tree / "pair").write_bytes(b"a file with two names")
    os.link(tree / "pair", tree / "pair-too")
    try:
        os.setxattr(tree / "pair", "user.kind", b"attribute")
    except OSError:
        pass


def edit_tree(tree, chosen):
    """What a job does between two checkpoints, not synced."""
    with open(tree / "state/field", "r+b") as file:
        for _ in range(chosen.randrange(1, 6)):
            file.seek(chosen.randrange(300) * PAGE)
            file.write(chosen.randbytes(PAGE))
    with open(tree / "state/log", "ab") as file:
        file.write(b"a line of the log\n" * chosen.randrange(1, 200))
    for _ in range(chosen.randrange(4)):
        path, kind = tree / f"part/f{chosen.randrange(24)}", chosen.randrange(5)
        if kind == 0 and path.exists():
            path.unlink()
        elif kind == 1 and path.exists():
            path.rename(tree / f"part/deeper/g{chosen.randrange(9)}")
        elif kind == 2:
            path.with_name("beside").write_bytes(chosen.randbytes(chosen.randrange(40000)))
            path.with_name("beside").rename(path)
        else:
            path.write_bytes(chosen.randbytes(chosen.randrange(9000)))
    if chosen.random() < 0.2:
        (tree / f"d{chosen.randrange(3)}").mkdir(exist_ok=True)
    if chosen.random() < 0.2:
        (tree / "pair").write_bytes(b"two names: %d" % chosen.randrange(1000))


def expect_there(tree, history, time):
    """Every acknowledged checkpoint is listed under its number, and none that was forgotten."""
    listed = {entry["id"]: entry["number"] for entry in run_json(tree, "log", "--all", "-n", "10000")["checkpoints"]}
    numbers = {one.id: one.number for one in history.acknowledged}
    for checkpoint, is_there in history.presence(time).items():
        if is_there != (checkpoint in listed):
            raise Violation(f"checkpoint {numbers.get(checkpoint)} {checkpoint[:8]} is {'not ' if is_there else ''}there; there are {sorted(listed.values())}")
        if is_there and numbers.get(checkpoint, listed[checkpoint]) != listed[checkpoint]:
            raise Violation(f"checkpoint {checkpoint[:8]} has number {listed[checkpoint]}, and was told as {numbers[checkpoint]}")


def expect_copied(tree, place, history, time):
    """The other repository has what was told, whole, and takes the rest."""
    ids, was_begun = history.copied(time)
    other = tree.parent / "other"
    if not was_begun:
        return
    if ids:
        listed = {entry["id"] for entry in run_json(other, "log", "--all", "-n", "10000")["checkpoints"]}
        if not ids <= listed:
            raise Violation(f"of {len(ids)} copied checkpoints {len(ids - listed)} are not there")
        newest = [one for one in history.acknowledged if one.id in ids][-1]
        run(other, "restore", newest.id, "--to", place / "out", "--same-owner")
        expect_same(Walk(place / "out"), newest.state, f"checkpoint {newest.number}, restored from where it was copied to")
        remove(place / "out")
    run(tree, "copy", "--init", "../other")
    if not run_json(other, "verify", "--data", ok=(0, 13))["ok"]:
        raise Violation("verify of the repository that was copied to")
