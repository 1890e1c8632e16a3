"""Repositories for the contract test: trees with names that are hard, and what can be wrong with a repository."""

import atexit
import contextlib
import fcntl
import io
import json
import os
import pathlib
import random
import shutil
import socket
import stat
import subprocess
import sys
import tarfile
import tempfile
import time

sys.path.append(str(pathlib.Path(__file__).resolve().parent.parent / "support"))

from tap import Skip  # noqa: E402

NEWLINE, INVALID, DASH, LONG = b"new\nline", b"bad\xff\xfe", b"-rf", b"n" * 255
HOSTILE = [NEWLINE, INVALID, DASH, LONG, b"a b", b"it's", b"esc\x1b[2J", "ünï".encode(), b"$(x)"]
chosen = random.Random(20240229)
UNSET = ("NO_COLOR", "COLUMNS", "PAGER", "XDG_CONFIG_HOME", "SLURM_JOB_ID", "SLURM_ARRAY_JOB_ID", "SLURM_ARRAY_TASK_ID", "SLURM_RESTART_COUNT", "PBS_JOBID", "LSB_JOBID", "SGE_ROOT", "LANG", "LC_CTYPE")


def program():
    return os.environ["METAMORI"]


def environment(**more):
    kept = {key: value for key, value in os.environ.items() if key not in UNSET and not key.startswith("METAMORI_")}
    return kept | {"HOME": "/nonexistent", "LC_ALL": "C.UTF-8", "TZ": "UTC"} | more


class Result:
    def __init__(self, words, code, out, err):
        self.words, self.code, self.out, self.err = words, code, out, err

    def __str__(self):
        words = " ".join(word if isinstance(word, str) else repr(word) for word in self.words)
        return f"metamori {words}: exit {self.code}\n--- out\n{self.out.decode(errors='backslashreplace')[:4000]}\n--- err\n{self.err.decode(errors='backslashreplace')[:2000]}"


def run(place, words, prefix=(), stdin=b"", env=None, **more):
    done = subprocess.run([*prefix, program(), *words], cwd=place, env=env or environment(), input=stdin, capture_output=True, timeout=120, **more)
    return Result(words, done.returncode, done.stdout, done.stderr)


def must(place, *words, ok=(0,)):
    result = run(place, words)
    assert result.code in ok, result
    return result


def write(path, content):
    path = os.fsencode(path)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as file:
        file.write(content)


def copy(source, target):
    subprocess.run(["cp", "-a", source, target], check=True)
    return target


def make_hostile(place):
    """Three checkpoints of names that are hard, of every type; then the tree is changed again."""
    tree = place / "tree"
    tree.mkdir(parents=True)
    top = os.fsencode(tree)
    must(tree, "init", "-q")
    for i, name in enumerate(HOSTILE):
        write(top + b"/" + name, name * (i + 1))
        write(top + b"/d" + name[:200] + b"/deep/" + name, b"%d" % i)
    os.symlink(INVALID + b"/target", top + b"/link" + INVALID)
    os.link(top + b"/" + INVALID, top + b"/hard" + INVALID)
    os.mkfifo(top + b"/fifo" + NEWLINE)
    with socket.socket(socket.AF_UNIX) as made:
        bind_below(made, top, b"sock" + INVALID)
    write(top + b"/large", chosen.randbytes(1 << 20))
    nested = tree / os.fsdecode(b"nested" + NEWLINE)
    nested.mkdir()
    must(nested, "init", "-q")
    with contextlib.suppress(OSError):
        os.setxattr(top + b"/" + DASH, "user.colour", b"red")
    must(tree, "checkpoint", "-q", "-m", "first\nof \x1b[31mall", "--meta", "step=1", "--meta", "step=2", "--tag", "ünï")
    write(top + b"/" + INVALID, b"changed")
    os.rename(top + b"/large", top + b"/moved" + NEWLINE)
    os.remove(top + b"/" + LONG)
    write(top + b"/new" + INVALID, b"new")
    must(tree, "checkpoint", "-q", "-m", "second")
    with open(top + b"/moved" + NEWLINE, "r+b") as file:
        file.seek(500_000)
        file.write(b"edited in place")
    must(tree, "checkpoint", "-q")
    write(top + b"/" + NEWLINE, b"changed after the last checkpoint")
    os.remove(top + b"/" + DASH)
    os.rename(top + b"/new" + INVALID, top + b"/again" + INVALID)
    write(top + b"/added" + INVALID, b"added")
    os.chmod(top + b"/it's", 0o600)
    return tree


def bind_below(made, directory, name):
    """A socket's path is at most 108 bytes: from within."""
    before = os.getcwd()
    os.chdir(directory)
    try:
        made.bind(name)
    finally:
        os.chdir(before)


def make_empty(place):
    tree = place / "tree"
    tree.mkdir(parents=True)
    must(tree, "init", "-q")
    return tree


def make_plain(place):
    """Two checkpoints of plain files, and a restore that can be undone."""
    tree = make_empty(place)
    write(tree / "a", b"one")
    write(tree / "d/b", b"bee")
    must(tree, "checkpoint", "-q", "-m", "first", "--tag", "good")
    write(tree / "a", b"two")
    write(tree / "big", chosen.randbytes(300_000))
    must(tree, "checkpoint", "-q", "-m", "second")
    write(tree / "a", b"three")
    must(tree, "restore", "1", "-q")
    return tree


def make_clean(place):
    """As plain, with the tree as in the last checkpoint."""
    tree = make_empty(place)
    write(tree / "a", b"one")
    must(tree, "checkpoint", "-q", "-m", "first")
    return tree


def make_forgotten(place):
    """Of three checkpoints one is pinned and one forgotten."""
    tree = make_empty(place)
    for content in (b"one", b"two", b"three"):
        write(tree / "a", content + chosen.randbytes(50_000))
        must(tree, "checkpoint", "-q")
    must(tree, "pin", "1", "-q")
    must(tree, "forget", "2", "-q")
    return tree


def make_torn(place):
    """A file that can't be read."""
    tree = make_clean(place)
    write(os.fsencode(tree) + b"/locked" + INVALID, b"secret")
    os.chmod(os.fsencode(tree) + b"/locked" + INVALID, 0)
    return tree


def make_busy(place):
    """A file that was being written to when the second checkpoint captured it."""
    tree = make_empty(place)
    busy = os.fsencode(tree) + b"/busy" + INVALID
    write(busy, chosen.randbytes(4 << 20))
    must(tree, "checkpoint", "-q")
    writer = subprocess.Popen([sys.executable, "-c", WRITER, busy])
    try:
        for _ in range(50):
            found = json.loads(must(tree, "checkpoint", "--json", "--retries", "0", ok=(0, 3)).out)
            if found["torn"]:
                break
            must(tree, "forget", str(found["number"]), "-q", "--force")
        else:
            raise AssertionError("no checkpoint was torn")
    finally:
        writer.kill()
        writer.wait()
    write(busy, b"after")
    return tree


# Changes a byte of a file's end and one of its beginning, again and again.
WRITER = """
import sys
with open(sys.argv[1], "r+b", buffering=0) as file:
    for i in range(10_000_000):
        for offset in (4_000_000, 0):
            file.seek(offset)
            file.write(bytes([i % 256]))
"""


def make_unread(place):
    """A checkpoint of a file that could not be read."""
    tree = make_empty(place)
    write(tree / "locked", b"secret")
    os.chmod(tree / "locked", 0)
    result = run(tree, ["checkpoint", "-q"], prefix=powerless())
    assert result.code == 3, result
    return tree


def make_special(place):
    """A device, which is not brought back unless asked for."""
    tree = make_empty(place)
    if os.geteuid() != 0:
        raise Skip("only root makes devices")
    os.mknod(os.fsencode(tree) + b"/device" + INVALID, 0o600 | stat.S_IFCHR, os.makedev(1, 3))
    must(tree, "checkpoint", "-q")
    return tree


def make_retyped(place):
    """What was a file is a directory."""
    tree = make_clean(place)
    os.remove(tree / "a")
    write(tree / "a/b", b"below")
    must(tree, "checkpoint", "-q")
    return tree


def make_holed(place):
    """A pack is gone that holds the second half of a file and the listing of a directory; what comes before is there."""
    tree = make_empty(place)
    write(tree / "file", chosen.randbytes(12 << 20))
    write(tree / "m/a", b"1")
    must(tree, "checkpoint", "-q")
    packs = set((tree / ".metamori/packs").iterdir())
    with open(tree / "file", "r+b") as file:
        file.write(chosen.randbytes(8 << 20))
    write(tree / "z", b"2")
    must(tree, "checkpoint", "-q")
    for pack in packs:
        pack.unlink()
    return tree


def make_headless(place):
    """The parent's record is damaged."""
    tree = make_plain(place)
    damage_record(tree, 1)
    return tree


def make_sunk(place):
    """The record of HEAD is damaged."""
    tree = make_empty(place)
    for content in (b"one", b"two", b"three"):
        write(tree / "a", content)
        must(tree, "checkpoint", "-q")
    damage_record(tree, 3)
    return tree


def make_damaged(place):
    """The largest pack is."""
    tree = make_plain(place)
    pack = max((tree / ".metamori/packs").glob("*.pack"), key=lambda each: each.stat().st_size)
    flip(pack, pack.stat().st_size // 2)
    return tree


def make_lost(place):
    """A record is, and nobody knows any more what it said."""
    tree = make_plain(place)
    (tree / ".metamori/checkpoints/1").unlink()
    shutil.rmtree(tree / ".metamori/cache")
    return tree


def make_pending(place):
    """A restore that was killed when it had begun to change the tree."""
    tree = make_empty(place)
    write(tree / "state", b"old")
    for i in range(300):
        write(tree / f"d{i % 7}/f{i}", b"%d" % i)
    must(tree, "checkpoint", "-q")
    for i in range(300):
        write(tree / f"d{i % 7}/f{i}", b"new %d" % i)
    must(tree, "checkpoint", "-q")
    intent = tree / ".metamori/restore/intent"
    for _ in range(50):
        process = subprocess.Popen([program(), "restore", "1", "-q"], cwd=tree, env=environment(), stdout=subprocess.DEVNULL)
        while process.poll() is None and not intent.exists():
            pass
        process.kill()
        process.wait()
        if intent.exists():
            return tree
        must(tree, "restore", "2", "-q")
    raise AssertionError("no restore could be interrupted in time")


def flip(path, offset):
    os.chmod(path, 0o600)
    with open(path, "r+b") as file:
        file.seek(offset)
        byte = file.read(1)
        file.seek(offset)
        file.write(bytes([byte[0] ^ 0xFF]))


def damage_record(tree, number):
    """Also forgets what caches know of it, which is by chance."""
    flip(tree / f".metamori/checkpoints/{number}", 200)
    shutil.rmtree(tree / ".metamori/cache", ignore_errors=True)


@contextlib.contextmanager
def locked(tree, *names):
    """Somebody else holds these locks, alone."""
    held = []
    for name in names:
        file = open(tree / ".metamori/locks" / name, "a+b")
        fcntl.flock(file, fcntl.LOCK_EX)
        file.truncate(0)
        file.write(b"host node7\nboot 0\npid 4711\nsince 1767225600\n")
        file.flush()
        held.append(file)
    try:
        yield
    finally:
        for file in held:
            file.close()


@contextlib.contextmanager
def small_disk(place, size):
    """A file system of `size` bytes at `place`."""
    place.mkdir(parents=True, exist_ok=True)
    if os.geteuid() != 0 or subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", place], capture_output=True).returncode != 0:
        raise Skip("a small file system can't be mounted here")
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", place], check=True)


def fill(place, leave=0):
    """Takes what is free at `place` but for `leave` bytes."""
    filler = os.open(place / "filler", os.O_WRONLY | os.O_CREAT)
    with contextlib.suppress(OSError):
        while os.write(filler, b"\0" * 4096):
            pass
    os.ftruncate(filler, max(0, os.fstat(filler).st_size - leave))
    os.close(filler)


def as_nobody():
    """What runs a program as a user who may do nothing."""
    if os.geteuid() != 0 or not shutil.which("setpriv"):
        raise Skip("only root can become another user")
    return ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups")


def powerless():
    """What runs a program, as root too, such that permissions count."""
    if os.geteuid() != 0:
        return ()
    if not shutil.which("setpriv"):
        raise Skip("root reads everything")
    return ("setpriv", "--bounding-set=-dac_override,-dac_read_search")


def tar_of(*names):
    """An archive of small files."""
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as archive:
        for name in names:
            member = tarfile.TarInfo(name)
            member.size = 3
            archive.addfile(member, io.BytesIO(b"abc"))
    return made.getvalue()


def archive_file(*names):
    """Such an archive in a file that everybody can read, for as long as this program runs."""
    place = pathlib.Path(tempfile.mkdtemp(prefix="metamori-archive-"))
    atexit.register(shutil.rmtree, place)
    os.chmod(place, 0o755)
    (place / "in.tar").write_bytes(tar_of(*names))
    return str(place / "in.tar")


def wait_until(holds, seconds=20):
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.005)
