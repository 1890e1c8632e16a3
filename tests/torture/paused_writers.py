#!/usr/bin/python3
"""Checkpoints with --pause while a job writes: all files are of one instant, and the job goes on whatever happens."""

import os
import pathlib
import shutil
import signal
import sqlite3
import subprocess
import sys
import time

from support import Skip, Violation, Walk, environment, expect_same, leave_out, main, program, remove, run, run_json, scale, scratch, tell_count

from mounts import Mounted, own_mounts

# Two processes, as a job has them: the child writes the same number into two files and a database, one after the other, without pause.
JOB = r"""
import os, sqlite3, sys, threading
os.chdir(sys.argv[1])
if os.fork():
    os.wait()
    sys.exit()
first, second = os.open("first", os.O_RDWR | os.O_CREAT), os.open("second", os.O_RDWR | os.O_CREAT)
for file in first, second:
    for at in 0, 3 << 20:
        os.pwrite(file, b"%12d" % 0, at)
base = sqlite3.connect("base", isolation_level=None)
base.execute("create table if not exists t(i integer primary key, v blob)")
number = 0
while True:
    number += 1
    for file in first, second:
        os.pwrite(file, b"%12d" % number, 0)
        os.pwrite(file, b"%12d" % number, 3 << 20)
    if number % 50 == 0:
        base.execute("begin")
        for row in range(40):
            base.execute("insert or replace into t values(?, ?)", (number * 7919 % 3000 + row, os.urandom(300)))
        base.execute("commit")
"""


# One process that writes the same number into two large files, and into a third through a mapping, and takes no rest when it may go on.
# Its directory has just changed whenever it is paused. What lies between the numbers is random: there is something to share.
LARGE_JOB = r"""
import mmap, os, sys
os.chdir(sys.argv[1])
size, places, files = 20 << 20, (0, 3 << 20, 19 << 20), []
for name in "first", "second", "third":
    files.append(os.open(name, os.O_RDWR | os.O_CREAT))
    os.pwrite(files[-1], os.urandom(size), 0)
    for at in places:
        os.pwrite(files[-1], b"%12d" % 0, at)
mapped = mmap.mmap(files.pop(), size)
open("begun", "w").close()
number = 0
while True:
    number += 1
    for file in files:
        for at in places:
            os.pwrite(file, b"%12d" % number, at)
    for at in places:
        mapped[at : at + 12] = b"%12d" % number
    open("next", "w").close()
    os.replace("next", "begun")
"""


def start(tree):
    job = subprocess.Popen([sys.executable, "-c", JOB, tree], stdin=subprocess.DEVNULL, start_new_session=True)
    wait_for(lambda: (tree / "base").exists() and children(job.pid), "the job to begin")
    return job


def stop(job):
    os.killpg(job.pid, signal.SIGKILL)
    job.wait()


def wait_for(holds, what, seconds=20):
    end = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > end:
            raise Violation(f"waited for {what}, in vain")
        time.sleep(0.005)


def children(pid):
    return pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()


def states(job):
    found = ""
    for pid in [job.pid, *children(job.pid)]:
        found += pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    return found


def expect_running(job, when):
    wait_for(lambda: "T" not in states(job), f"the job to go on {when}", 3)
    before = written(job.tree)
    wait_for(lambda: written(job.tree) != before, f"the job to write {when}")


def written(tree):
    return (tree / "first").read_bytes()[:12]


def numbers(tree):
    return [int((tree / name).read_bytes()[at : at + 12]) for name in ("first", "second") for at in (0, 3 << 20)]


def expect_one_instant(tree, when):
    found = numbers(tree)
    if sorted(found, reverse=True) != found or found[0] - found[-1] > 1:
        raise Violation(f"{when}: not of one instant: {found}")
    answer = sqlite3.connect(tree / "base").execute("pragma integrity_check").fetchone()[0]
    if answer != "ok":
        raise Violation(f"{when}: the database: {answer}")


def check_instants(tree, job, place):
    """Every checkpoint is of one instant; the job goes on after each."""
    count = 12 * scale()
    for at in range(count):
        run(tree, "stage")
        report = run_json(tree, "checkpoint", "--pause", str(job.pid))
        for verdict in ("torn", "kept", "unreadable", "prefix"):
            if report[verdict]:
                raise Violation(f"checkpoint {at}: {verdict}: {report[verdict]}")
        if not report["paused_seconds"] > 0:
            raise Violation("no pause is told of")
        expect_running(job, "after a checkpoint")
        run(tree, "restore", str(report["number"]), "--to", str(place / f"out{at}"))
        expect_one_instant(place / f"out{at}", f"checkpoint {at}")
    tell_count("P10.paused-checkpoints", count)


def slow_checkpoint(tree, job, *words):
    """One whose pause is long: it reads slowly."""
    words = [program(), "checkpoint", "--pause", str(job.pid), "--rate-limit", "1M", *words]
    process = subprocess.Popen(words, cwd=tree, env=environment(), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    wait_for(lambda: states(job).count("T") == 2, "the pause")
    return process


def check_ends(tree, job):
    """However a checkpoint ends, the job goes on."""
    for way in signal.SIGKILL, signal.SIGTERM, signal.SIGINT:
        before = run_json(tree, "log")["checkpoints"][0]["number"]
        process = slow_checkpoint(tree, job)
        process.send_signal(way)
        process.communicate()
        if process.returncode != -way:
            raise Violation(f"{way}: exit {process.returncode}")
        expect_running(job, f"after {way}")
        if run_json(tree, "log")["checkpoints"][0]["number"] != before:
            raise Violation(f"a checkpoint was published after {way}")
    process = slow_checkpoint(tree, job, "--max-pause", "300ms")
    wait_for(lambda: "T" not in states(job), "the pause to be over", 3)
    errors = process.communicate()[1]
    if process.returncode != 1 or b"pause was over" not in errors:
        raise Violation(f"--max-pause: exit {process.returncode}: {errors!r}")
    expect_running(job, "after the longest pause")


def check_stopped_before(tree, job):
    """What somebody else has stopped stays stopped."""
    os.kill(job.pid, signal.SIGSTOP)
    wait_for(lambda: states(job)[0] == "T", "the job to stop")
    run(tree, "checkpoint", "--pause", str(job.pid))
    time.sleep(0.2)
    if states(job)[0] != "T":
        raise Violation("a process that was stopped before was set going")
    os.kill(job.pid, signal.SIGCONT)
    expect_running(job, "once it is set going")


def check_refusals(tree, job):
    for words, code in ((("999999998",), 2), ((str(os.getpid()), "-n"), 2), (("no/such/group",), 2), (("1",), 2)):
        result = run(tree, "checkpoint", "--pause", *words, ok=(code,))
        if b"hint" not in result.err and words[0] not in result.err.decode():
            raise Violation(result.told())
    run(tree, "checkpoint", "--max-pause", "3s", ok=(2,))


def check_from_within(tree):
    """A job script checkpoints itself, in a tree of its own: its own shell stops, the command does not."""
    tree.mkdir()
    run(tree, "init")
    script = 'sleep 30 & "$0" checkpoint -q --pause $$ || exit 9; kill $!'
    done = subprocess.run(["sh", "-c", script, program()], cwd=tree, env=environment(), stdout=subprocess.DEVNULL, timeout=60)
    if done.returncode != 0:
        raise Violation(f"a checkpoint from within the job: exit {done.returncode}")


def check_dying(tree, job):
    """A job that dies while it is paused is no reason to fail."""
    process = slow_checkpoint(tree, job, "--max-pause", "1m")
    os.killpg(job.pid, signal.SIGKILL)
    errors = process.communicate()[1]
    if process.returncode != 0:
        raise Violation(f"the job died: exit {process.returncode}: {errors!r}")
    job.wait()


def check_cgroup(tree, job):
    mounted = [line.split()[1] for line in open("/proc/self/mounts") if line.split()[2] == "cgroup2"]
    group = pathlib.Path(mounted[0] if mounted else "/none") / f"metamori-test-{os.getpid()}"
    try:
        group.mkdir()
    except OSError as error:
        return print(f"no control group can be made here: {error}")
    try:
        for pid in [job.pid, *map(int, children(job.pid))]:
            (group / "cgroup.procs").write_text(str(pid))
        for name in (group.name, str(group)):
            report = run_json(tree, "checkpoint", "--pause", name)
            if not report["paused_seconds"] > 0 or report["torn"]:
                raise Violation(f"paused by its group: {report}")
            wait_for(lambda: "frozen 0" in (group / "cgroup.events").read_text(), "the group to thaw")
        expect_running(job, "after its group was frozen")
        tell_count("P10.paused-groups", 2)
    finally:
        stop(job)
        wait_for(lambda: "populated 0" in (group / "cgroup.events").read_text(), "the group to be empty")
        group.rmdir()


LARGE = "first", "second", "third"


def large_numbers(tree):
    found = []
    for name in LARGE:
        with open(tree / name, "rb") as file:
            for at in (0, 3 << 20, 19 << 20):
                file.seek(at)
                found.append(int(file.read(12)))
    return found


def check_clones(place, kind):
    """On a file system with reflinks the job goes on before its files are read: what it overwrites then is in no checkpoint."""
    image, tree, out = place / f"{kind}.image", place / kind / "tree", place / kind / "out"
    with open(image, "wb") as file:
        file.truncate(2 << 30)
    subprocess.run([f"mkfs.{kind}", "-q", *(("-m", "reflink=1") if kind == "xfs" else ()), image], check=True, capture_output=True)
    count, cloned = 12 * scale(), 0
    with Mounted(kind, image, place / kind):
        tree.mkdir()
        run(tree, "init")
        job = subprocess.Popen([sys.executable, "-c", LARGE_JOB, tree], stdin=subprocess.DEVNULL, start_new_session=True)
        try:
            wait_for(lambda: (tree / "begun").exists(), "the large job to begin")
            for at in range(count):
                least = large_numbers(tree)[-1]
                report = run_json(tree, "checkpoint", "--pause", str(job.pid))
                if report["torn"] or report["kept"] or report["unreadable"] or report["prefix"]:
                    raise Violation(f"{kind}: checkpoint {at}: {report}")
                cloned += report["files_cloned"]
                run(tree, "restore", str(report["number"]), "--to", str(out))
                found = large_numbers(out)
                if sorted(found, reverse=True) != found or found[0] - found[-1] > 1 or found[-1] < least:
                    raise Violation(f"{kind}: checkpoint {at}: not of one instant, or of one before {least}: {found}")
                remove(out)
            # At rest: what the cache says of files that were cloned, and what was read from clones, are what is there.
            os.kill(job.pid, signal.SIGSTOP)
            time.sleep(0.1)
            if run_json(tree, "checkpoint", "--pause", str(job.pid))["files_cloned"] != len(LARGE):
                raise Violation(f"{kind}: not cloned, though at rest")
            expect_restored(tree, out, f"{kind}: at rest")
            before = run_json(tree, "log")["checkpoints"][0]["number"]
            for words in ((), ("--check=content",)):
                if run_json(tree, "checkpoint", "--skip-if-unchanged", *words)["created"]:
                    raise Violation(f"{kind}: {words}: another than checkpoint {before}, though nothing was written")
        finally:
            job.kill()
            job.wait()
    if cloned < count:
        raise Violation(f"{kind}: only {cloned} clones in {count} checkpoints")
    tell_count(f"P10.cloned-checkpoints-{kind}", count)


def expect_restored(tree, out, when):
    run(tree, "restore", "HEAD", "--to", str(out))
    expect_same(Walk(out), Walk(tree), when)
    remove(out)


def check_reflinks(place):
    what = "checkpoints whose files are cloned"
    try:
        own_mounts()
    except Exception as reason:
        return leave_out(what, reason)
    for kind in "btrfs", "xfs":
        if not shutil.which(f"mkfs.{kind}"):
            leave_out(f"{what}, on {kind}", f"no mkfs.{kind}")
            continue
        try:
            check_clones(place, kind)
        except OSError as reason:
            leave_out(f"{what}, on {kind}", reason)


def test():
    if not os.path.exists("/proc/self/task"):
        raise Skip("no /proc")
    with scratch("paused") as place:
        place = pathlib.Path(place)
        tree = place / "tree"
        tree.mkdir()
        run(tree, "init")
        job = start(tree)
        job.tree = tree
        try:
            check_instants(tree, job, place)
            check_ends(tree, job)
            check_stopped_before(tree, job)
            check_refusals(tree, job)
            check_from_within(place / "script")
            check_dying(tree, job)
            job = start(tree)
            job.tree = tree
            check_cgroup(tree, job)
            check_reflinks(place)
        finally:
            if job.poll() is None:
                stop(job)
    return "paused checkpoints are of one instant, and the job goes on", []


main(test)
