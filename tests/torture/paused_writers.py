#!/usr/bin/python3
"""Checkpoints with --pause while a job writes: all files are of one instant, and the job goes on whatever happens."""

import os
import pathlib
import signal
import sqlite3
import subprocess
import sys
import time

from support import Skip, Violation, environment, main, program, run, run_json, scale, scratch, tell_count

# Two processes, as a job has them: the child writes the same number into two files and a database, one after the other, without pause.
JOB = r"""
import os, sqlite3, sys, threading
os.chdir(sys.argv[1])
if os.fork():
    os.wait()
    sys.exit()
first, second = os.open("first", os.O_RDWR | os.O_CREAT), os.open("second", os.O_RDWR | os.O_CREAT)
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
        finally:
            if job.poll() is None:
                stop(job)
    return "paused checkpoints are of one instant, and the job goes on", []


main(test)
