"""The small trees of the kill sweep: every kind of step a restore has."""

import os

from support import chance

LARGE = 2 << 20


def put(path, content, mtime_ns, mode=0o644):
    path.write_bytes(content)
    path.chmod(mode)
    os.utime(path, ns=(mtime_ns, mtime_ns))


def settle(tree):
    """Gives every directory a time of its own, deepest first."""
    for number, (path, _, _) in enumerate(os.walk(tree, topdown=False)):
        if ".metamori" not in path:
            os.utime(path, ns=(10**18 + number, 10**18 + number * 1001))


def make_first(tree):
    tree.mkdir()
    for name in ("kept", "goes", "goes/deep", "becomes-file", "empty"):
        (tree / name).mkdir()
    chosen = chance("sweep")
    put(tree / "large", chosen.randbytes(LARGE + 12345), 10**18 + 7)
    put(tree / "replaced", b"one", 10**18 + 1)
    put(tree / "mode", b"same", 10**18 + 2, 0o600)
    put(tree / "kept/same", b"same", 10**18 + 3)
    put(tree / "goes/a", b"a", 10**18 + 4)
    put(tree / "goes/deep/b", chosen.randbytes(30000), 10**18 + 5, 0o755)
    put(tree / "becomes-file/inside", b"inside", 10**18 + 6)
    put(tree / "becomes-directory", b"was a file", 10**18 + 8)
    put(tree / "linked-1", b"linked", 10**18 + 9)
    os.link(tree / "linked-1", tree / "linked-2")
    os.link(tree / "linked-1", tree / "kept/linked-3")
    (tree / "symlink").symlink_to("one")
    os.mkfifo(tree / "fifo")
    for number, name in enumerate(("symlink", "fifo")):
        os.utime(tree / name, ns=(10**18, 10**18 + 50 + number), follow_symlinks=False)
    settle(tree)


def change(tree):
    """The tree of the second checkpoint: what restoring the first has to undo."""
    with open(tree / "large", "r+b") as file:
        for offset in (5000, LARGE // 2, LARGE):
            file.seek(offset)
            file.write(b"rewritten in place")
    put(tree / "replaced", b"the second content", 10**18 + 21)
    (tree / "mode").chmod(0o755)
    for name in ("goes/deep/b", "goes/a", "becomes-file/inside", "becomes-directory", "symlink", "linked-2", "fifo"):
        (tree / name).unlink()
    for name in ("goes/deep", "goes", "becomes-file", "empty"):
        (tree / name).rmdir()
    put(tree / "becomes-file", b"is a file now", 10**18 + 22)
    (tree / "becomes-directory").mkdir()
    put(tree / "becomes-directory/new", b"new", 10**18 + 23)
    (tree / "symlink").symlink_to("two")
    (tree / "new-directory").mkdir()
    put(tree / "new-directory/file", b"x" * 5000, 10**18 + 24)
    os.link(tree / "new-directory/file", tree / "new-directory/other")
    put(tree / "linked-2", b"alone", 10**18 + 25)
    put(tree / "new", b"", 10**18 + 26)
    settle(tree)
