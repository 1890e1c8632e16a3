#!/usr/bin/python3
"""Sectors of the disk that can't be read any more, under one file of the repository: the program says so and goes on with all that does not need
them. The kernel answers a look at a mapped page that can't be read with a signal, so this is more than a failing call."""

import pathlib
import re
import subprocess
import sys
import tempfile

sys.path.append(str(pathlib.Path(__file__).resolve().parent.parent / "torture"))

from logged_disk import LoggedDisk, check_means, need
from mounts import Mounted, own_mounts
from cuts import FILE_SYSTEMS, memory
from support import Violation, Walk, chance, expect_same, remove, run, run_json
from tap import Parts

CHECKPOINTS, FILE_BYTES = 5, 300_000


def sectors_of(path):
    """Where a file lies on its disk: (first sector, count) of each part."""
    told = subprocess.run(["filefrag", "-b512", "-e", path], check=True, capture_output=True, text=True).stdout
    return [(int(found[1]), int(found[2])) for found in re.finditer(r"^ *\d+: +\d+\.\. *\d+: +(\d+)\.\. *\d+: +(\d+):", told, re.MULTILINE)]


def make(tree):
    """A file that stays, and one that each checkpoint has another of: (states, ids)."""
    chosen, states, ids = chance("bad sectors"), {}, {}
    tree.mkdir()
    run(tree, "init")
    (tree / "stays").write_bytes(chosen.randbytes(FILE_BYTES))
    for number in range(1, CHECKPOINTS + 1):
        (tree / "changes").write_bytes(chosen.randbytes(FILE_BYTES))
        ids[number] = run_json(tree, "checkpoint")["id"]
        states[number] = Walk(tree)
    subprocess.run(["sync", "--file-system", tree], check=True)
    return states, ids


class Damage:
    """Which sectors are bad, and which checkpoints need them."""

    def __init__(self, tree, number, ids):
        packs = sorted((tree / ".metamori/packs").iterdir(), key=lambda path: path.stat().st_mtime_ns)
        self.pack, self.number, self.ids = packs[number - 1], number, ids
        first, count = max(sectors_of(self.pack), key=lambda part: part[1])
        # The middle of the pack's longest part: content of the file that changes.
        self.sectors = range(first + count // 2 // 8 * 8, first + count // 2 // 8 * 8 + 8)


def check_damaged(tree, place, states, damage):
    """What must hold while the sectors are bad: how many things were looked at."""
    verified = run(tree, "verify", "--data", "--json", ok=(13,))
    report = verified.json()
    if report["ok"] or {one for problem in report["problems"] for one in problem["affects"]} != {damage.ids[damage.number]}:
        raise Violation(f"verify: {verified.told()}")
    if b"could not be read from the disk" not in verified.err:
        raise Violation(f"verify does not tell of the disk: {verified.told()}")
    for number, state in states.items():
        out = place / f"out{number}"
        result = run(tree, "restore", str(number), "--to", out, "--same-owner", ok=(0, 13))
        if (result.code == 0) != (number != damage.number):
            raise Violation(f"checkpoint {number}, {damage.number} is damaged: {result.told()}")
        if result.code == 0:
            expect_same(Walk(out), state, f"checkpoint {number} restored elsewhere")
        remove(out)
    run(tree, "cat", f"{damage.number}:changes", ok=(13,))
    run(tree, "cat", f"{damage.number}:stays")
    run(tree, "log")
    run(tree, "diff", "1", str(CHECKPOINTS))
    (tree / "more").write_bytes(b"more")
    state, made = Walk(tree), run_json(tree, "checkpoint")
    run(tree, "restore", made["id"], "--to", place / "next", "--same-owner")
    expect_same(Walk(place / "next"), state, "the next checkpoint")
    remove(place / "next")
    return CHECKPOINTS + 6


def check_record(tree, place, states, number):
    """The sectors under a record: it is lost while they are, and nothing else."""
    report = run_json(tree, "verify", "--data", ok=(13,))
    if not any(problem["where"] == f"checkpoints/{number}" for problem in report["problems"]):
        raise Violation(f"verify: {report}")
    run(tree, "show", str(number), ok=(13,))
    run(tree, "gc", ok=(13,))
    state, made = Walk(tree), run_json(tree, "checkpoint")
    run(tree, "restore", made["id"], "--to", place / "out", "--same-owner")
    expect_same(Walk(place / "out"), state, "the next checkpoint")
    remove(place / "out")
    for other in states:
        if other != number:
            run(tree, "restore", str(other), "--to", place / "out", "--same-owner")
            expect_same(Walk(place / "out"), states[other], f"checkpoint {other} restored elsewhere")
            remove(place / "out")
    return CHECKPOINTS + 3


# One block holds one file's bytes: with the 1 KiB blocks of a small ext4, what lies beside a record would go with it, since a disk is read by pages.
KINDS = tuple(kind._replace(make=(*kind.make, *block)) for kind, block in zip(FILE_SYSTEMS[:2], (("-b", "4096"), ("-b", "size=4096"))))


def check(kind, place):
    need(kind.make[0], "filefrag")
    with_disk = LoggedDisk(place, kind.size)
    try:
        subprocess.run([*kind.make, with_disk.device], check=True, capture_output=True)
        with Mounted(kind.name, with_disk.device, place / "mounted", kind.options) as top:
            states, ids = make(top / "tree")
            damages = [Damage(top / "tree", number, ids) for number in (2, 4)]
            record = sectors_of(top / "tree/.metamori/checkpoints/3")[0]
    finally:
        with_disk.close()
    count = 0
    for damage in damages:
        disk = LoggedDisk(place, kind.size, bad_sectors=damage.sectors)
        try:
            with Mounted(kind.name, disk.device, place / "mounted", kind.options) as top:
                count += check_damaged(top / "tree", place, states, damage)
        finally:
            disk.close()
    disk = LoggedDisk(place, kind.size, bad_sectors=range(record[0], sum(record)))
    try:
        with Mounted(kind.name, disk.device, place / "mounted", kind.options) as top:
            count += check_record(top / "tree", place, states, 3)
    finally:
        disk.close()
    with_disk = LoggedDisk(place, kind.size)  # read well again, all is there
    try:
        with Mounted(kind.name, with_disk.device, place / "mounted", kind.options) as top:
            if not run_json(top / "tree", "verify", "--data")["ok"] or len(run_json(top / "tree", "log", "--all")["checkpoints"]) != CHECKPOINTS + 3:
                raise Violation("the disk is well again, and the repository is not")
    finally:
        with_disk.close()
    return count + 1


def test():
    parts = Parts("power_bad_sectors")
    try:
        check_means()
        own_mounts()
    except Exception as reason:
        parts.skip("sectors that can't be read", str(reason))
        parts.end()
    for kind in KINDS:
        with tempfile.TemporaryDirectory(prefix="metamori-sectors-", dir=memory(), ignore_cleanup_errors=True) as name:
            parts.run(f"sectors of {kind.name} that can't be read", check, kind, pathlib.Path(name), count="T6.sectors")
    parts.end()


if __name__ == "__main__":
    test()
