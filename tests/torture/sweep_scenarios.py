"""What the kill sweep disturbs: each scenario is a prepared tree, a command, and what must hold after it ended anyhow."""

import copy as copies
import json
import os
import subprocess

import sweep_trees as trees
from support import STAGED, Violation, Walk, copy, environment, expect_same, program, remove, run, run_json

RESTORE = ("--jobs", "1", "restore", "1", "--delete", "--json")


class Scenario:
    """A template that is copied for each point. `older` are the states of checkpoints that must stay as they are, by number."""

    def __init__(self, template, words, older):
        self.template, self.words, self.older = template, words, older

    def prepare(self, work):
        copy(self.template, work)

    def check(self, work, code, out):
        raise NotImplementedError

    def check_history(self, work):
        """All that was there before is there, whole, and the repository is sound."""
        tree = work / "tree"
        listed = {entry["number"] for entry in run_json(tree, "log", "--all")["checkpoints"]}
        for number, state in self.older.items():
            if number not in listed:
                raise Violation(f"checkpoint {number} is gone; there are {sorted(listed)}")
            run(tree, "ls", "-R", str(number))
            check_content(tree, work, number, state)
        check_verified(tree)


def check_content(tree, work, number, state, report=None):
    """A checkpoint, restored elsewhere, is the state, but for what the report of making it names."""
    target = work / "out"
    run(tree, "restore", str(number), "--to", str(target), "--same-owner", ok=(0, 3) if report else (0,))
    expect_told(Walk(target), state, report or {}, f"checkpoint {number} restored elsewhere")
    remove(target)


def check_verified(tree):
    report = run_json(tree, "verify", "--data", ok=(0, 13))
    if not report["ok"]:
        raise Violation(f"verify: {report['problems']}")


def report_of(out):
    """The object that was printed, empty if the program did not get there."""
    try:
        return json.loads(out)
    except ValueError:
        return {}


def expect_told(found, expected, report, what):
    """As expected, but for what the report (with exit code 3) says could not be read or set: those names, the names linked to them, and the
    directories above them, whose times they move."""
    named = {os.fsencode(entry["path"]) for key in ("warnings", "torn", "kept", "unreadable") for entry in report.get(key, [])}
    for group in (*found.links, *expected.links):
        if named.intersection(group):
            named.update(group)
    above = {os.path.dirname(b"/".join(name.split(b"/")[:depth])) for name in named for depth in range(name.count(b"/") + 2)}
    below = {path for path in (*found.entries, *expected.entries) if any(path.startswith(name + b"/") for name in named)}
    if different := found.difference(expected, without=named | above | below):
        raise Violation(f"{what}; excused are {sorted(named)}: {different}")


def check_next_checkpoint(work):
    """The next checkpoint just works, and holds the tree as it is."""
    tree = work / "tree"
    (tree / "afterwards").write_bytes(b"next")
    state = Walk(tree)
    report = run_json(tree, "checkpoint")
    check_content(tree, work, report["number"], state)


class Init(Scenario):
    """What a killed init was making stays under a staging name, which is never tracked."""

    def check(self, work, code, out):
        tree = work / "tree"
        left = [entry for entry in os.listdir(tree) if os.fsencode(entry).startswith(STAGED)]
        if left and code == 0:
            raise Violation(f"exit 0, and left behind: {left}")
        for name in left:
            os.rename(tree / name, work / name)
        if different := Walk(tree).difference(self.older[0], without=(b"",)):
            raise Violation(f"the tree after init: {different}")
        for name in left:
            os.rename(work / name, tree / name)
        run(tree, "init", "--exist-ok")
        if any(entry["path"].startswith(STAGED.decode()) for entry in run_json(tree, "status")["changes"]):
            raise Violation("what a killed init left is tracked")
        for name in left:
            remove(tree / name)
        check_next_checkpoint(work)
        check_verified(tree)


class Checkpoint(Scenario):
    """`held` is what the checkpoint is to hold, if that is not the whole tree."""

    def __init__(self, template, words, older, state, held=None):
        super().__init__(template, words, older)
        self.state, self.held = state, held or state

    def check(self, work, code, out):
        tree = work / "tree"
        expect_same(Walk(tree), self.state, "the tree after checkpoint")
        report = report_of(out)
        if code in (0, 3) and not report.get("created"):
            raise Violation(f"exit {code}, but no checkpoint: {out!r}")
        self.check_history(work)
        if report.get("created"):
            check_content(tree, work, report["number"], self.held, report if code == 3 else None)
        check_next_checkpoint(work)


class Tag(Scenario):
    """A tag is made, or removed: `ends_with` is whether it is there then."""

    def __init__(self, template, words, older, ends_with):
        super().__init__(template, words, older)
        self.ends_with = ends_with

    def check(self, work, code, out):
        tree = work / "tree"
        self.check_history(work)
        tags = {tag["name"]: tag["number"] for tag in run_json(tree, "tag")["tags"]}
        if tags not in ({}, {"good": 1}) or (code == 0 and bool(tags) != self.ends_with):
            raise Violation(f"exit {code}, tags {tags}")
        run(tree, "tag", "better", "2")
        if run_json(tree, "ls", "better")["entries"] != run_json(tree, "ls", "2")["entries"]:
            raise Violation("the next tag names another checkpoint")


class Rules(Scenario):
    """untrack: the rules are the old ones or the new ones, as a whole."""

    def check(self, work, code, out):
        tree = work / "tree"
        rules = [entry["rule"] for entry in run_json(tree, "track", "--list")["rules"]]
        if rules not in (["!*.one"], ["!*.one", "!*.two"]) or (code == 0 and len(rules) == 1):
            raise Violation(f"exit {code}, rules {rules}")
        run(tree, "untrack", "*.three")
        self.check_history(work)
        check_next_checkpoint(work)


class Elsewhere(Scenario):
    """restore --to: neither tree nor repository change, and once more it makes the state, whatever is there by then."""

    def __init__(self, template, words, older, old, new):
        super().__init__(template, words, older)
        self.old, self.new = old, new

    def check(self, work, code, out):
        tree, target = work / "tree", work / "there"
        if code == 0 or (code == 3 and target.exists()):
            expect_told(Walk(target), self.new, report_of(out) if code == 3 else {}, f"restored elsewhere, exit {code}")
        run(tree, *self.words[:-1], "--overwrite=if-changed", "--json")
        for left in target.rglob(f"{STAGED.decode()}*"):
            remove(left)
        different = Walk(target).difference(self.new, without=self.moved_times())
        if different:
            raise Violation(f"restored once more: {different}")
        expect_same(Walk(tree), self.old, "the tree after a restore elsewhere")
        remove(target)
        self.check_history(work)

    def moved_times(self):
        """Directories' own times: what a killed run left in them is taken away above."""
        return [path for path, entry in self.new.entries.items() if entry[0].startswith("d")]


class Restoring(Scenario):
    """restore, recover, recover --abort, undo: the tree goes from `old` to `new`, or is taken back."""

    def __init__(self, template, words, older, old, new, cut=None):
        super().__init__(template, words, older)
        self.old, self.new, self.cut = old, new, cut

    def prepare(self, work):
        """For recover there is a restore to be finished. It is cut anew each time, because a plan names inodes, which a copy has others of."""
        copy(self.template, work)
        if self.cut and not cut_restore(work, *self.cut):
            raise Violation(f"a restore killed at {self.cut} went another way this time")

    def check(self, work, code, out, abort=False):
        tree = work / "tree"
        self.check_history(work)
        pending = run_json(tree, "status")["restore_pending"]
        if pending and code == 0:
            raise Violation("exit 0, but the restore is pending")
        if pending:
            run(tree, "checkpoint", ok=(16,))
            self.check_aborted(tree) if abort else self.check_recovered(tree)
        else:
            self.check_ended(code, Walk(tree), report_of(out) if code == 3 else {})
        self.check_history(work)
        check_next_checkpoint(work)
        return pending

    def check_ended(self, code, found, report):
        """Nothing is pending, so the tree is wholly one or the other; exit 0 says which."""
        aborted = self.words[-1] == "--abort"
        if aborted or (code not in (0, 3) and not found.difference(self.old)):
            expect_told(found, self.old, report, f"no restore is pending after exit {code}; compared with the old tree")
        else:
            expect_told(found, self.new, report, f"no restore is pending after exit {code}; compared with the new tree")

    def check_recovered(self, tree):
        marks = tree / ".metamori/restore"
        before = sorted(os.listdir(marks))
        forward = "staged" in before and "aborting" not in before
        report = run_json(tree, "recover")
        if report["finished"] != forward:
            raise Violation(f"recover: finished is {report['finished']}, with {before} before")
        expect_same(Walk(tree), self.new if forward else self.old, f"after recover, with {before} before")
        check_nothing_pending(tree)
        if forward and "--no-save" not in self.words:
            run(tree, "undo")
            expect_same(Walk(tree), self.old, "undo after recover")

    def check_aborted(self, tree):
        run(tree, "recover", "--abort")
        expect_same(Walk(tree), self.old, "after recover --abort")
        check_nothing_pending(tree)


def check_nothing_pending(tree):
    if run_json(tree, "status")["restore_pending"]:
        raise Violation("still pending after recover")
    if "nothing" not in (said := run(tree, "recover")).err.decode().lower() + said.out.decode().lower():
        raise Violation(f"a second recover: {said.told()}")


def cut_restore(work, call, number):
    """Kills a restore at a call; whether it is then past its point of no return."""
    words = ["strace", "-f", "-qq", "-o", "/dev/null", "-e", f"trace={call}", "-e", f"inject={call}:signal=KILL:when={number}", program(), *RESTORE]
    subprocess.run(words, cwd=work / "tree", env=environment(), capture_output=True)
    return (work / "tree/.metamori/restore/staged").exists()


SCOPE = ("becomes-directory", "large", "new-directory")


def scoped(before, now):
    """`before`, but for the paths of SCOPE, which are as `now`. No link leads out of them."""
    state = copies.copy(before)
    inside = lambda path: any(path == name or path.startswith(name + b"/") for name in map(os.fsencode, SCOPE))  # noqa: E731
    state.entries = {path: entry for path, entry in before.entries.items() if not inside(path)}
    state.entries.update({path: entry for path, entry in now.entries.items() if inside(path)})
    state.links = sorted([group for group in before.links if not inside(group[0])] + [group for group in now.links if inside(group[0])])
    return state


def build(place):
    """All scenarios, by name."""
    fresh, first, third, undone, ruled, tagged = (place / name for name in ("fresh", "first", "third", "undone", "ruled", "tagged"))
    for directory in (fresh, first):
        directory.mkdir()
        trees.make_first(directory / "tree")
    empty_state = Walk(fresh / "tree")
    run(first / "tree", "init")
    copy(first, third)
    tree = third / "tree"
    one = Walk(tree)
    run(tree, "checkpoint", "-m", "one")
    trees.change(tree)
    second = place / "second"
    copy(third, second)
    two = Walk(tree)
    run(tree, "checkpoint", "-m", "two")
    older = {1: one, 2: two}
    for template in (undone, ruled, tagged):
        copy(third, template)
    run(ruled / "tree", "untrack", "*.one")
    run(tagged / "tree", "tag", "good", "1")
    saved = run_json(undone / "tree", "restore", "1", "--delete")
    if saved["saved_as"] is None:
        raise Violation("a restore made no safety checkpoint")
    found = {
        "init": Init(fresh, ("--jobs", "1", "init", "--json"), {0: empty_state}),
        "first": Checkpoint(first, ("--jobs", "1", "checkpoint", "--json"), {}, one),
        "incremental": Checkpoint(second, ("--jobs", "1", "checkpoint", "--json"), {1: one}, two),
        "scoped": Checkpoint(second, ("--jobs", "1", "checkpoint", *SCOPE, "--json"), {1: one}, two, scoped(one, two)),
        "rules": Rules(ruled, ("untrack", "*.two", "--json"), older),
        "tag": Tag(third, ("tag", "good", "1", "--json"), older, True),
        "untag": Tag(tagged, ("tag", "-d", "good", "--json"), older, False),
        "restore": Restoring(third, RESTORE, older, two, one),
        "keep-inode": Restoring(third, (*RESTORE, "--keep-inode"), older, two, one),
        "unsaved": Restoring(third, (*RESTORE, "--no-save"), older, two, one),
        "elsewhere": Elsewhere(third, ("--jobs", "1", "restore", "1", "--to", "../there", "--json"), older, two, one),
        "undo": Restoring(undone, ("--jobs", "1", "undo", "--json"), older, one, two),
    }
    expect_same(Walk(undone / "tree"), one, "restore in place")
    cut = find_cut(third, place)
    found["recover"] = Restoring(third, ("--jobs", "1", "recover", "--json"), older, two, one, cut)
    found["abort"] = Restoring(third, ("--jobs", "1", "recover", "--json", "--abort"), older, two, one, cut)
    return found


def find_cut(template, place):
    """Where to kill a restore so that it is halfway through its changes, after its point of no return."""
    past, work = [], place / "cut"
    for number in range(5, 60):
        copy(template, work)
        if cut_restore(work, "renameat2", number):
            past.append(number)
        elif past:
            break
        remove(work)
    if not past:
        raise Violation("no restore could be cut after its point of no return")
    return "renameat2", past[len(past) // 2]
