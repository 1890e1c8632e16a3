#!/usr/bin/python3
"""Kills restores of a larger tree at moments spread over their run: recover, or recover --abort, leaves exactly the new or the old tree."""

import os
import pathlib
import signal
import subprocess
import time

from support import Violation, Walk, chance, environment, expect_same, main, program, run, run_json, scale, scratch, tell_count

LARGE = 64 << 20
SMALL_FILES = 2000


def make(tree, chosen):
    tree.mkdir()
    with open(tree / "large", "wb") as file:
        for _ in range(LARGE >> 20):
            file.write(chosen.randbytes(1 << 20))
    for number in range(SMALL_FILES):
        path = tree / f"d{number % 37}" / f"f{number}"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(chosen.randbytes(chosen.randrange(3000)))


def change(tree, chosen):
    """Scattered writes to the large file; of the small ones some are rewritten, gone, or new."""
    with open(tree / "large", "r+b") as file:
        for _ in range(120):
            file.seek(chosen.randrange(LARGE - 5000))
            file.write(chosen.randbytes(chosen.randrange(1, 5000)))
    for number in range(SMALL_FILES):
        path, kind = tree / f"d{number % 37}" / f"f{number}", chosen.randrange(4)
        if kind == 0:
            path.write_bytes(chosen.randbytes(chosen.randrange(3000)))
        elif kind == 1:
            path.unlink()
        elif kind == 2:
            path.with_name(f"new{number}").write_bytes(b"new")


def killed_restore(tree, revision, seconds):
    """Starts a restore and kills it after that time; its exit code."""
    words = [program(), "restore", revision, "--delete", "--quiet"]
    process = subprocess.Popen(words, cwd=tree, env=environment(), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    time.sleep(seconds)
    process.send_signal(signal.SIGKILL)
    errors = process.communicate()[1]
    if process.returncode not in (0, -signal.SIGKILL):
        raise Violation(f"restore: exit {process.returncode}: {errors!r}")
    return process.returncode


def finish(tree, states, now, other, abort):
    """Ends what was killed; gives which of the two states the tree is in, and what was found."""
    marks = tree / ".metamori/restore"
    pending = run_json(tree, "status")["restore_pending"]
    found = set(os.listdir(marks)) if pending and marks.exists() else set()
    if not pending:
        walk = Walk(tree)
        landed = now if not walk.difference(states[now]) else other
        expect_same(walk, states[landed], "nothing is pending")
        return landed, "ended" if landed == other else "not begun"
    run(tree, "checkpoint", ok=(16,))
    report = run_json(tree, "recover", *(["--abort"] if abort else []))
    landed = other if report["finished"] else now
    if report["finished"] != ("staged" in found and not abort):
        raise Violation(f"recover{' --abort' if abort else ''}: finished is {report['finished']}, found {sorted(found)}")
    expect_same(Walk(tree), states[landed], f"recover{' --abort' if abort else ''}, found {sorted(found)}")
    return landed, "staged" if "staged" in found else "intent"


def test():
    kills, chosen, kinds, violations = 20 * scale(), chance("restore_kills"), {}, []
    with scratch("kills") as name:
        tree = pathlib.Path(name) / "tree"
        make(tree, chosen)
        run(tree, "init")
        run(tree, "checkpoint")
        states = {"1": Walk(tree)}
        change(tree, chosen)
        run(tree, "checkpoint")
        states["2"] = Walk(tree)
        started = time.monotonic()
        run(tree, "restore", "1", "--delete")
        took = time.monotonic() - started
        expect_same(Walk(tree), states["1"], "an undisturbed restore")
        now, order = "1", chosen.sample(range(kills), kills)
        for turn in range(kills):
            other = "2" if now == "1" else "1"
            killed_restore(tree, other, took * 1.05 * (order[turn] + chosen.random()) / kills)
            try:
                now, kind = finish(tree, states, now, other, abort=turn % 2 == 1)
            except Violation as violation:
                violations.append(f"kill {turn}: {violation}")
                break
            kinds[kind] = kinds.get(kind, 0) + 1
        if not run_json(tree, "verify", "--data", ok=(0, 13))["ok"]:
            violations.append("verify")
        for number, state in states.items():
            run(tree, "restore", number, "--to", f"{name}/out{number}", "--same-owner")
            expect_same(Walk(f"{name}/out{number}"), state, f"checkpoint {number} restored elsewhere")
    print(f"an undisturbed restore took {took:.2f} s; found after the kills:", ", ".join(f"{kind} {count}" for kind, count in sorted(kinds.items())))
    tell_count("P7.kills", sum(kinds.values()))
    return f"restore_kills: {kills} kills", violations


if __name__ == "__main__":
    main(test)
