#!/usr/bin/python3
"""Everything by a user who is not root, some of it on what root made: what can't be set is told, what can't be read is kept as it was, and modes
that shut out their own owner are no hindrance."""

import os
import pathlib
import shutil
import subprocess

from support import Violation, Walk, copy, environment, program, remove, run, scale, scratch
from tap import Parts, Skip

NOBODY = 65534
STRANGER = 1234
AS_NOBODY = ("setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups")
TIME = 10**18
CUT_CALLS = ("renameat2", "fchmod", "fchmodat", "unlinkat", "mkdirat", "ftruncate", "fsync")


def put(path, content, mode=0o644, owner=NOBODY):
    path.write_bytes(content)
    os.chown(path, owner, owner)
    path.chmod(mode)
    os.utime(path, ns=(TIME, TIME + len(content)))


def make_directories(tree, names):
    for name in names:
        (tree / name).mkdir()
        os.chown(tree / name, NOBODY, NOBODY)


def settle(tree, modes):
    """Modes and times of directories, once all is in them."""
    for number, (name, mode) in enumerate(modes.items()):
        (tree / name).chmod(mode)
        os.utime(tree / name, ns=(TIME, TIME + 1000 + number))


def make_tree(tree):
    """Directories that their owner may not write in, one below the other, and files of every mode that lets it read."""
    modes = {"shut": 0o500, "shut/deep": 0o555, "shut/deep/er": 0o555, "own": 0o755, "shared": 0o2775, "goes": 0o500, "becomes-file": 0o500}
    make_directories(tree, ("", *modes))
    for name in ("shut", "shut/deep", "shut/deep/er", "own", "goes", "becomes-file"):
        put(tree / name / "stays", b"stays")
        put(tree / name / "changes", b"as it was first")
        put(tree / name / "goes", b"goes", 0o400)
    put(tree / "own/large", b"large" * 500_000, 0o444)
    put(tree / "own/setgid", b"of its own group", 0o2755)
    put(tree / "own/becomes-directory", b"a file", 0o400)
    os.link(tree / "own/stays", tree / "own/linked")
    settle(tree, {**modes, "": 0o755})


def change_tree(tree):
    for name in ("shut", "shut/deep", "shut/deep/er", "own"):
        put(tree / name / "changes", b"as it is in the end", 0o600)
        (tree / name / "goes").unlink()
        put(tree / name / "comes", b"new")
    for name in ("goes", "becomes-file"):
        shutil.rmtree(tree / name)
    put(tree / "becomes-file", b"now a file")
    (tree / "own/becomes-directory").unlink()
    make_directories(tree, ("own/becomes-directory", "shut/fresh"))
    put(tree / "own/becomes-directory/inside", b"inside")
    put(tree / "shut/fresh/inside", b"inside")
    with open(tree / "own/large", "r+b") as file:
        file.seek(1 << 20)
        file.write(b"a few bytes")
    os.utime(tree / "own/large", ns=(TIME, TIME + 77))
    settle(tree, {"own/becomes-directory": 0o500, "shut/fresh": 0o500, "shut/deep/er": 0o555, "shut/deep": 0o500, "shut": 0o555, "own": 0o700, "": 0o755})


def by_nobody(tree, *words, ok=(0,)):
    return run(tree, *words, ok=ok, prefix=AS_NOBODY)


def report_of(tree, *words, ok=(0,)):
    return by_nobody(tree, *words, "--json", ok=ok).json()


def paths(report, key):
    return sorted({entry["path"] for entry in report[key]})


def expect_paths(report, key, expected):
    if paths(report, key) != expected:
        raise Violation(f"{key}: {report[key]}, expected {expected}")


def expect_same(found, expected, what, without=()):
    if different := found.difference(expected, without=without):
        raise Violation(f"{what}: {different}")


def with_entries(walk, changes):
    """The state, but for mode and owner of some paths."""
    for path, (mode, owner) in changes.items():
        walk.entries[path] = (mode, owner, owner, *walk.entries[path][3:])
    return walk


def public(place, name):
    """A directory of nobody's."""
    make_directories(place, (name,))
    return place / name


def check_elsewhere(place):
    """Restored by another than root, everything belongs to that user; owners are asked for in vain, and each is told of."""
    tree = place / "of-root"
    make_tree(tree)
    strangers = {b"own/of-stranger": "-rwxr-xr-x", b"shut/of-stranger": "-rwxr-xr-x"}
    for name in strangers:
        put(tree / os.fsdecode(name), b"a stranger's", 0o4755, STRANGER)
    settle(tree, {"own": 0o755, "shut": 0o500})
    run(tree, "init")
    run(tree, "checkpoint")
    subprocess.run(["chown", "-R", f"{NOBODY}:{NOBODY}", tree / ".metamori"], check=True)
    target, own = public(place, "elsewhere"), {path: (mode, NOBODY) for path, mode in strangers.items()}
    report = report_of(tree, "restore", "1", "--to", str(target / "plain"), ok=(3,))
    expect_paths(report, "warnings", ["own/of-stranger", "own/setgid", "shut/of-stranger"])
    plain = with_entries(Walk(tree), {**own, b"own/setgid": ("-rwxr-xr-x", NOBODY), b"shared": ("drwxrwsr-x", NOBODY)})
    expect_same(Walk(target / "plain"), plain, "restored by nobody")
    report = report_of(tree, "restore", "1", "--to", str(target / "owned"), "--same-owner", ok=(3,))
    expect_paths(report, "warnings", ["own/of-stranger", "shut/of-stranger"])
    if not any(f"{STRANGER}:{STRANGER}" in warning["message"] for warning in report["warnings"]):
        raise Violation(f"no warning tells of the owner: {report['warnings']}")
    expect_same(Walk(target / "owned"), with_entries(Walk(tree), own), "restored by nobody with --same-owner")


def two_checkpoints(place, name):
    """A tree of nobody's with two checkpoints by nobody: (tree, the state of the first, and of the second)."""
    tree = place / name
    make_tree(tree)
    first = Walk(tree)
    by_nobody(tree, "init")
    by_nobody(tree, "checkpoint")
    change_tree(tree)
    second = Walk(tree)
    by_nobody(tree, "checkpoint")
    settle(tree, {"": 0o755})
    return tree, first, second


def check_in_place(place):
    """Read-only directories and files of one's own are restored in place, undone, and done again."""
    tree, first, second = two_checkpoints(place, "in-place")
    for turn in range(2):
        by_nobody(tree, "restore", "1", "--delete")
        expect_same(Walk(tree), first, f"restored in place, turn {turn}", without=(b"",))
        by_nobody(tree, "undo")
        expect_same(Walk(tree), second, f"undone, turn {turn}", without=(b"",))
        (tree / "own").chmod(0o700)
    if not report_of(tree, "verify", "--data")["ok"]:
        raise Violation("verify")


def check_moved(place):
    """A directory that its owner may not write in is moved into one that is made first, because something in that is left out."""
    tree = place / "moved"
    make_directories(place, ("moved", "moved/mixed", "moved/mixed/shut"))
    put(tree / "mixed/shut/inside", b"inside")
    try:
        os.mknod(tree / "mixed/device", 0o20600, os.makedev(1, 3))
    except PermissionError:
        raise Skip("no device can be made here") from None
    settle(tree, {"mixed/shut": 0o500, "mixed": 0o555})
    state = Walk(tree)
    by_nobody(tree, "init")
    by_nobody(tree, "checkpoint")
    shutil.rmtree(tree / "mixed")
    expect_paths(report_of(tree, "restore", "1", ok=(3,)), "warnings", ["mixed/device"])
    expect_same(Walk(tree), state, "restored", without=(b"", b"mixed/device"))


def cut(tree, call, number):
    """Kills a restore by nobody at that call; whether it came so far."""
    words = ["strace", "-f", "-qq", "-o", "/dev/null", "-e", f"trace={call}", "-e", f"inject={call}:signal=KILL:when={number}", program()]
    done = subprocess.run([*AS_NOBODY, *words, "--jobs", "1", "restore", "1", "--delete"], cwd=tree, env=environment(), capture_output=True, timeout=120)
    if done.returncode not in (0, -9):
        raise Violation(f"killed at {call} {number}: exit {done.returncode}: {done.stderr!r}")
    return done.returncode != 0


def check_cut(place):
    """A restore by nobody, killed anywhere, is finished or taken back by nobody."""
    if not shutil.which("strace") or subprocess.run([*AS_NOBODY, "strace", "-o", "/dev/null", "true"], capture_output=True).returncode != 0:
        raise Skip("strace does not work here")
    template, first, second = two_checkpoints(place, "template")
    step, cuts, work = 1 if scale() >= 5 else 7, 0, place / "cut"
    for call in CUT_CALLS:
        for number in range(1, 1000, step):
            copy(template, work)
            reached = cut(work, call, number)
            pending = report_of(work, "status")["restore_pending"]
            abort = cuts % 2 == 1
            if pending:
                finished = report_of(work, "recover", *(["--abort"] if abort else []))["finished"]
                expect_same(Walk(work), first if finished else second, f"{call} {number}, {'taken back' if abort else 'recovered'}", without=(b"",))
            elif Walk(work).difference(first, without=(b"",)):
                expect_same(Walk(work), second, f"{call} {number}, nothing pending", without=(b"",))
            remove(work)
            cuts += reached
            if not reached:
                break
    return cuts


def check_unreadable(place):
    """What can't be read keeps the content it had in the checkpoint before, is listed, and makes exit code 3."""
    tree = place / "unreadable"
    make_tree(tree)
    by_nobody(tree, "init")
    by_nobody(tree, "checkpoint")
    put(tree / "own/changes", b"nobody sees this", 0)
    put(tree / "own/stays", b"nor this", 0o600, owner=0)
    put(tree / "own/never", b"never seen", 0o000)
    (tree / "shut/deep").chmod(0)
    make_directories(tree, ("never",))
    put(tree / "never/inside", b"never seen")
    (tree / "never").chmod(0o000)
    put(tree / "own/comes", b"new and readable")
    expected = ["never", "own/changes", "own/linked", "own/never", "own/stays", "shut/deep"]
    report = report_of(tree, "checkpoint", ok=(3,))
    expect_paths(report, "unreadable", expected)
    if b"unreadable: own/changes" not in by_nobody(tree, "checkpoint", "--check=content", ok=(3,)).err:
        raise Violation("what could not be read is not told of on standard error")
    for path, content in (("own/changes", b"as it was first"), ("own/stays", b"stays"), ("shut/deep/er/changes", b"as it was first"), ("own/comes", b"new and readable")):
        if (found := by_nobody(tree, "cat", f"2:{path}").out) != content:
            raise Violation(f"{path} holds {found!r}")
    unknown = [entry["path"] for entry in report_of(tree, "ls", "-R", "2")["entries"] if entry.get("content_unknown")]
    if unknown != ["never", "own/never"]:
        raise Violation(f"without content: {unknown}")
    target = public(place, "of-unreadable")
    report = report_of(tree, "restore", "2", "--to", str(target / "tree"), ok=(3,))
    expect_paths(report, "warnings", ["never", "own/never", "own/setgid"])
    if (target / "tree/shut/deep/er/stays").read_bytes() != b"stays" or (target / "tree/own/never").exists():
        raise Violation("what was kept is not restored, or what was never read is")
    settle(tree, {"shut/deep": 0o555, "never": 0o755})
    for name in ("own/changes", "own/never"):
        (tree / name).chmod(0o600)
    (tree / "own/stays").chmod(0o644)
    report_of(tree, "checkpoint")
    if by_nobody(tree, "cat", "HEAD:own/changes").out != b"nobody sees this" or by_nobody(tree, "cat", "HEAD:never/inside").out != b"never seen":
        raise Violation("what can be read again is not in the next checkpoint")


def check_strangers_repository(place):
    """A repository that somebody else may write is not opened, unless it was shared; root's own is."""
    tree = place / "of-stranger"
    tree.mkdir()
    (tree / "file").write_bytes(b"content")
    run(tree, "init")
    run(tree, "checkpoint")
    by_nobody(tree, "log", ok=(16,))
    subprocess.run(["chmod", "-R", "a+rX", tree], check=True)
    by_nobody(tree, "log")
    subprocess.run(["chown", "-R", f"{STRANGER}:{STRANGER}", tree], check=True)
    by_nobody(tree, "log", ok=(16,))
    run(tree, "log", ok=(16,))
    (tree / ".metamori/config").write_text("[core]\n\tshared = group\n")
    by_nobody(tree, "log")


def test():
    parts = Parts("torture_other_user")
    if os.geteuid() != 0 or not shutil.which("setpriv"):
        parts.skip("everything by another user", "only root can become another user" if os.geteuid() else "no setpriv")
        parts.end()
    with scratch("other-user") as name:
        place = pathlib.Path(name)
        place.chmod(0o755)
        shutil.copy(program(), place / "metamori")
        os.environ["METAMORI"] = str(place / "metamori")
        parts.run("restored elsewhere, what can't be set is told", check_elsewhere, place)
        parts.run("restored in place, undone, and done again", check_in_place, place)
        parts.run("a read-only directory is moved into place", check_moved, place)
        parts.run("killed anywhere, finished or taken back", check_cut, place, count="P7.cuts-by-another-user")
        parts.run("what can't be read is kept and listed", check_unreadable, place)
        parts.run("a stranger's repository is not opened", check_strangers_repository, place)
    parts.end()


if __name__ == "__main__":
    test()
