#!/usr/bin/python3
"""The disk goes away in the middle (its daemon is killed: every further read and write fails), and comes back: the command that met it ended with an
error and said what failed, and what was told before is there."""

import pathlib
import subprocess
import sys
import tempfile
import threading

sys.path.append(str(pathlib.Path(__file__).resolve().parent.parent / "torture"))

from logged_disk import LoggedDisk, check_means, need
from mounts import own_mounts
from cuts import FILE_SYSTEMS, check_next, memory
from support import Violation, Walk, chance, expect_same, remove, run, run_json, scale
from tap import Parts
from told_history import edit_tree, make_tree

ROUNDS = 8 * min(scale(), 10)
COMMANDS = (("checkpoint",), ("checkpoint",), ("checkpoint",), ("restore", "HEAD~1", "--delete"), ("undo",), ("verify", "--data"), ("gc",), ("diff",), ("stage",))
TOLD_FAILURES = (1, 10, 13, 15, 16)  # what can't be read may be what makes it a repository


def detach(*words):
    """Whatever is left of a disk that is gone."""
    subprocess.run(words, capture_output=True)


class Disk:
    """A file system on a disk that can be pulled, while the block lasts."""

    def __init__(self, kind, place, make=False):
        self.kind, self.place, self.top = kind, place, place / "mounted"
        self.disk = LoggedDisk(place, kind.size)
        if make:
            subprocess.run([*kind.make, self.disk.device], check=True, capture_output=True)

    def __enter__(self):
        self.top.mkdir(exist_ok=True)
        subprocess.run(["mount", "-t", self.kind.name, "-o", self.kind.options, self.disk.device, self.top], check=True, capture_output=True)
        return self.top

    def pull(self):
        self.disk.daemon.kill()

    def __exit__(self, *error):
        detach("umount", self.top) if self.disk.daemon.poll() is None else detach("umount", "--lazy", self.top)
        detach("losetup", "--detach", self.disk.device)
        detach("umount", "--lazy", self.disk.export)
        self.disk.device = None
        self.disk.close()


def until_it_is_gone(disk, tree, chosen, told):
    """Commands, until one meets the failure: what it was and how it ended."""
    while True:
        try:
            edit_tree(tree, chosen)
            state = Walk(tree)
        except OSError:
            state = None  # the job itself met it
        words = chosen.choice(COMMANDS)
        result = run(tree.parent.parent, "-C", tree, *words, "--json", ok=None)
        if result.code == 0 and words == ("checkpoint",) and state:
            told[result.json()["id"]] = state
        if result.code not in (0, 12) and disk.disk.daemon.poll() is not None:
            return words, result
        if result.code not in (0, 12, 16):  # HEAD~1 may not be there yet, nor anything to undo
            raise Violation(f"before the disk was gone: {result.told()}")


def one_round(kind, place, number):
    chosen, told = chance(f"gone {kind.name} {number}"), {}
    disk = Disk(kind, place, make=True)
    with disk as top:
        tree = top / "tree"
        tree.mkdir()
        make_tree(tree, chosen)
        run(tree, "init")
        timer = threading.Timer(0.1 + chosen.random() * 0.6, disk.pull)
        timer.start()
        words, result = until_it_is_gone(disk, tree, chosen, told)
        timer.join()
    report = result.json()
    is_told = result.code in TOLD_FAILURES and report.get("message") or result.code == 3 and words == ("diff",) and report["unreadable"]
    if not is_told:
        raise Violation(f"the disk was gone during {' '.join(words)}: {result.told()}")
    with Disk(kind, place) as top:
        tree = top / "tree"
        if run_json(tree, "status")["restore_pending"]:
            run(tree, "recover")
        listed = {entry["id"] for entry in run_json(tree, "log", "--all", "-n", "10000")["checkpoints"]}
        for identity, state in told.items():
            if identity not in listed:
                raise Violation(f"{identity} was told, and is not there after the disk came back")
            run(tree, "restore", identity, "--to", place / "out", "--same-owner")
            expect_same(Walk(place / "out"), state, f"{identity} restored elsewhere")
            remove(place / "out")
        if not run_json(tree, "verify", "--data", ok=(0, 13))["ok"]:
            raise Violation("verify after the disk came back")
        check_next(tree, place)
    return " ".join(words[:1])


def check(kind):
    need(kind.make[0])
    met = {}
    for number in range(ROUNDS):
        with tempfile.TemporaryDirectory(prefix="metamori-gone-", dir=memory(), ignore_cleanup_errors=True) as name:
            words = one_round(kind, pathlib.Path(name), number)
            met[words] = met.get(words, 0) + 1
    print(f"{kind.name}: gone during", ", ".join(f"{words} {count}" for words, count in sorted(met.items())), flush=True)
    return ROUNDS


def test():
    parts = Parts("power_disk_gone")
    try:
        check_means()
        own_mounts()
    except Exception as reason:
        parts.skip("a disk that goes away", str(reason))
        parts.end()
    for kind in FILE_SYSTEMS[:2]:
        parts.run(f"a disk with {kind.name} goes away and comes back", check, kind, count=f"T6.gone.{kind.name}")
    parts.end()


if __name__ == "__main__":
    test()
