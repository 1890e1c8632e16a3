#!/usr/bin/python3
"""A tree of all that is hard to name or to hold: restored elsewhere and in place, compared with rsync and exactly."""

import os
import pathlib
import shutil
import socket
import subprocess

from support import Violation, Walk, expect_same, leave_out, main, remove, run, run_json, scale, scratch, tell_count

ENTRIES = 20_000
DEPTH = 40  # directories of 200 bytes: twice PATH_MAX
BEFORE_1970 = -(2 * 10**9) * 10**9 + 123_456_789
AFTER_2106 = 5 * 10**9 * 10**9 + 987_654_321
NAMES = [
    b"line\nbreak", b"\n", b"tab\tand\rreturn", b"bad-\xff\xfe-utf8", b"\xc3", b"-rf", b"--help", b" ", b"  spaces  ", b"quote'\"`$(x)\\", b"*?[a]", b"n" * 255,
    "\u0436\u6f22\U0001f600".encode(), b"..more", b"...", b"~", b"#1", b"a:b", b"\x01\x1b[31m", b".metamori-not", b"\x7f", "e\u0301".encode(), "\u00e9".encode(),
]  # fmt: skip


def write(path, content):
    with open(path, "wb") as file:
        file.write(content)


def make_names(top):
    os.mkdir(top)
    for number, name in enumerate(NAMES):
        write(os.path.join(top, name), b"%d" % number)
        os.mkdir(os.path.join(top, b"d" + name[:254]))
        write(os.path.join(top, b"d" + name[:254], name), b"")
        os.symlink(name, os.path.join(top, b"l" + name[:254]))


def make_deep(top):
    """Directories whose path is longer than the kernel takes, made by going down."""
    before = os.getcwd()
    os.mkdir(top)
    os.chdir(top)
    for level in range(DEPTH):
        name = b"%03d" % level + b"d" * 197
        os.mkdir(name)
        os.chdir(name)
    write("bottom", b"at the bottom")
    os.symlink("bottom", "link")
    os.link("bottom", "linked")
    os.chdir(before)


def make_kinds(top):
    os.mkdir(top)
    for size in (0, 1, 2, 4095, 4096, 4097):
        write(top / f"size-{size}", b"x" * size)
    with open(top / "sparse", "wb") as file:
        file.seek((4 << 30) + 4096)
        file.write(b"beyond four gibibytes")
        file.seek(1 << 20)
        file.write(b"in the middle")
        file.truncate((5 << 30) + 1)
    with open(top / "only-a-hole", "wb") as file:
        file.truncate(1 << 30)
    for mode in (0o000, 0o111, 0o222, 0o444, 0o777, 0o1644, 0o2755, 0o4755, 0o6711, 0o7777):
        write(top / f"mode-{mode:o}", b"mode")
        os.mkdir(top / f"directory-{mode:o}")
        write(top / f"directory-{mode:o}/inside", b"inside")
        os.chmod(top / f"mode-{mode:o}", mode)
        os.chmod(top / f"directory-{mode:o}", mode)
    os.mkfifo(top / "fifo", 0o620)
    os.mkdir(top / "empty")
    os.makedirs(top / "empty-below/1/2/3")
    for name, target in (("loop", "loop"), ("ping", "pong"), ("pong", "ping"), ("up", "../.."), ("dangling", "/nowhere/at/all"), ("long", "t" * 4000), ("dots", "././//.")):
        os.symlink(target, top / name)
    make_times(top / "times")
    make_attributes(top / "attributes")
    make_owners(top / "owners")
    with socket.socket(socket.AF_UNIX) as unwanted:
        here = os.getcwd()
        os.chdir(top)
        unwanted.bind("socket")
        os.chdir(here)


def make_times(top):
    os.mkdir(top)
    for name, time_ns in (("before-1970", BEFORE_1970), ("after-2106", AFTER_2106), ("zero", 0), ("just-before", -1), ("nanosecond", 1)):
        write(top / name, b"time")
        os.symlink(name, top / f"link-{name}")
        os.mkdir(top / f"directory-{name}")
        for path in (top / name, top / f"link-{name}", top / f"directory-{name}"):
            os.utime(path, ns=(time_ns, time_ns), follow_symlinks=False)


def make_attributes(top):
    os.mkdir(top)
    write(top / "file", b"attributes")
    os.mkdir(top / "directory")
    try:
        for path in (top / "file", top / "directory", top):
            os.setxattr(path, b"user.empty", b"")
            os.setxattr(path, b"user.bytes\xff", bytes(range(256)))
        os.setxattr(top / "file", b"user.large", b"v" * 3000)
    except OSError as error:
        leave_out("attributes", error.strerror)
    if not shutil.which("setfacl"):
        leave_out("ACLs", "no setfacl")
        return
    acls = [("-m", "u:1234:rw,g:4321:r,m:rwx", top / "file"), ("-m", "u:1234:rwx", top / "directory"), ("-d", "-m", "u:1234:rx,g::-", top / "directory")]
    if any(subprocess.run(["setfacl", *map(str, words)], capture_output=True).returncode for words in acls):
        leave_out("ACLs", "not on this file system")


def make_owners(top):
    os.mkdir(top)
    write(top / "file", b"owner")
    if os.geteuid() != 0:
        leave_out("owners", "not root")
        return
    for number, owner in enumerate(((1234, 4321), (0, 65534), (4_000_000_000, 4_000_000_001))):
        write(top / f"owned-{number}", b"owner")
        os.chown(top / f"owned-{number}", *owner)
        os.chmod(top / f"owned-{number}", 0o4750)
        os.symlink("file", top / f"link-{number}")
        os.chown(top / f"link-{number}", *owner, follow_symlinks=False)


def make_many(top, count):
    os.mkdir(top)
    fd = os.open(top, os.O_RDONLY)
    for number in range(count):
        os.close(os.open(f"entry-{number}", os.O_CREAT | os.O_WRONLY, 0o600, dir_fd=fd))
    os.close(fd)


def compare_with_rsync(tree, other):
    """rsync must find nothing to do. Paths beyond PATH_MAX are left to the own comparison: rsync can't name them."""
    words = ["rsync", "-aHAX", "--checksum", "--delete", "-ni", "--exclude=/.metamori", "--exclude=/deep", "--exclude=sparse", "--exclude=only-a-hole", "--exclude=socket"]
    done = subprocess.run([*words, f"{tree}/", f"{other}/"], capture_output=True)
    told = [line for line in done.stdout.splitlines() if line]
    if done.returncode != 0 or told:
        raise Violation(f"rsync: exit {done.returncode}: {told[:5]} {done.stderr[-300:]!r}")


def without_sockets(walk):
    """Sockets are never tracked, so the state to come back has none."""
    for path in [path for path, entry in walk.entries.items() if entry[0].startswith("s")]:
        del walk.entries[path]
    return walk


def destroy(tree):
    """Everything is damaged, gone or of another kind; hidden by directories that can't be entered, too."""
    names, kinds = os.fsencode(tree / "names"), tree / "kinds"
    for number, name in enumerate(NAMES):
        path = os.path.join(names, name)
        os.unlink(path)
        if number % 2:
            os.mkdir(path)
            write(os.path.join(path, name), b"in the way")
    remove(tree / "deep" / ("000" + "d" * 197))
    for path in sorted(kinds.iterdir()):
        if path.name.startswith("size-"):
            write(path, b"damaged")
        elif path.name.startswith(("mode-", "directory-")):
            path.chmod(0o700)
    with open(kinds / "sparse", "r+b") as file:
        file.seek(2 << 30)
        file.write(b"in the hole")
    os.truncate(kinds / "only-a-hole", 77)
    remove(kinds / "times")
    (kinds / "loop").unlink()
    (kinds / "loop").mkdir()
    (kinds / "fifo").unlink()
    write(kinds / "fifo", b"no FIFO")
    for name in (b"user.empty", b"user.bytes\xff"):
        try:
            os.removexattr(kinds / "attributes/file", name)
        except OSError:
            pass
    remove(kinds / "attributes/directory")
    for number in range(0, 1000, 3):
        (tree / f"many/entry-{number}").unlink()
    write(tree / "new", b"unwanted")


def check_holes(tree):
    for name in ("sparse", "only-a-hole"):
        taken = os.stat(tree / "kinds" / name).st_blocks * 512
        if taken > 4 << 20:
            raise Violation(f"{name} takes {taken} bytes")


def test():
    if not shutil.which("rsync"):
        leave_out("comparison with rsync", "no rsync")
    count = ENTRIES if scale() < 5 else 100_000
    with scratch("hostile") as name:
        tree, out = pathlib.Path(name) / "tree", pathlib.Path(name) / "out"
        tree.mkdir()
        make_names(os.fsencode(tree / "names"))
        make_deep(tree / "deep")
        make_kinds(tree / "kinds")
        make_many(tree / "many", count)
        run(tree, "init")
        first = run_json(tree, "checkpoint")
        if [entry["path"] for entry in first["skipped_sockets"]] != ["kinds/socket"]:
            raise Violation(f"skipped sockets: {first['skipped_sockets']}")
        run(tree, "restore", "1", "--to", str(out), "--same-owner")
        state = without_sockets(Walk(tree))
        expect_same(Walk(out), state, "restored elsewhere")
        check_holes(out)
        if shutil.which("rsync"):
            compare_with_rsync(tree, out)
        remove(out)
        if run_json(tree, "status")["changes"]:
            raise Violation("status tells of changes where there are none")
        destroy(tree)
        destroyed = without_sockets(Walk(tree))
        run(tree, "restore", "1", "--delete", "--same-owner")
        expect_same(without_sockets(Walk(tree)), state, "restored in place")
        check_holes(tree)
        run(tree, "undo", "--same-owner")
        # The top's own time is brought back by an undo only if the restore moved HEAD, which this one did not.
        if different := without_sockets(Walk(tree)).difference(destroyed, without=(b"",)):
            raise Violation(f"after undo: {different}")
        if not run_json(tree, "verify", "--data", ok=(0, 13))["ok"]:
            raise Violation("verify")
    tell_count("P6.hostile-names", len(state.entries))
    return f"hostile_names: {len(state.entries)} names", []


if __name__ == "__main__":
    main(test)
