#!/usr/bin/python3
"""Kills the program at each of its calls that change files, and fails those calls: nothing acknowledged is lost, and the next command works.

METAMORI_TEST_SCALE of 5 or more tries every point; less, an even choice of 120 a unit. METAMORI_TEST_ONLY=SCENARIO/FAULT/CALL/N tries one.
"""

import collections
import concurrent.futures
import os
import pathlib
import re
import shutil
import subprocess
import threading
import time

import sweep_scenarios as scenarios
from support import Skip, Violation, environment, main, program, remove, scale, scratch, spread, tell_count

CHANGING = (
    "openat,mkdir,mkdirat,write,pwrite64,writev,pwritev,pwritev2,copy_file_range,sendfile,rename,renameat,renameat2,link,linkat,unlink,unlinkat,"
    "rmdir,symlink,symlinkat,truncate,ftruncate,fallocate,chmod,fchmod,fchmodat,chown,fchown,fchownat,lchown,utimensat,fsync,fdatasync,sync,syncfs,"
    "sync_file_range,msync,setxattr,lsetxattr,fsetxattr,removexattr,lremovexattr,fremovexattr,mknod,mknodat"
)
NEEDS_SPACE = {"openat", "mkdir", "mkdirat", "write", "pwrite64", "writev", "pwritev", "rename", "renameat", "renameat2", "link", "linkat", "symlink", "symlinkat", "fallocate", "fsync"}
CALL = re.compile(rb"^(\d+) +(\w+)\((.*)")
FAULTS = {"kill": "signal=KILL", "eio": "error=EIO", "enospc": "error=ENOSPC", "eintr": "error=EINTR"}
Point = collections.namedtuple("Point", "scenario fault call number")


def strace(log, *options):
    return ("strace", "-f", "-qq", "-o", str(log), *options)


def check_strace(place):
    """Some containers have strace but forbid tracing."""
    if not shutil.which("strace"):
        raise Skip("no strace")
    tried = subprocess.run([*strace(place / "log", "-e", "trace=write"), "true"], capture_output=True)
    if tried.returncode != 0:
        raise Skip(f"strace does not work here: {tried.stderr.decode(errors='replace').strip()}")


def changing_calls(log):
    """(name, which of this name in its thread) of every call in the log that changes files. Each thread's calls are counted apart, as strace does."""
    seen, found = collections.Counter(), set()
    for line in log.read_bytes().splitlines():
        match = CALL.match(line)
        if not match:
            continue
        thread, call, rest = match.groups()
        seen[thread, call] += 1
        if call != b"openat" or b"O_CREAT" in rest or b"O_TRUNC" in rest or b"O_TMPFILE" in rest:
            found.add((call.decode(), seen[thread, call]))
    return sorted(found)


def points_of(name, scenario, place):
    """Every point of a scenario, learned from a run that nothing disturbs."""
    work, log = place / "count", place / "count.log"
    scenario.prepare(work)
    done = subprocess.run([*strace(log, "--seccomp-bpf", "-s", "0", "-e", f"trace={CHANGING}"), program(), *scenario.words], cwd=work / "tree", env=environment(), capture_output=True)
    if done.returncode != 0:
        raise Violation(f"{name}: exit {done.returncode}: {done.stdout!r} {done.stderr!r}")
    calls = changing_calls(log)
    scenario.check(work, done.returncode, done.stdout)
    remove(work)
    found = [Point(name, "kill", *call) for call in calls]
    for call in calls:
        found.append(Point(name, "eio", *call))
        if call[0] in NEEDS_SPACE:
            found.append(Point(name, "enospc", *call))
        found.append(Point(name, "eintr", *call))
    return found


def disturb(point, scenario, work, log):
    """One run with the fault: (whether the call was reached, exit code, output)."""
    remove(work)
    scenario.prepare(work)
    inject = f"inject={point.call}:{FAULTS[point.fault]}:when={point.number}"
    # With --seccomp-bpf a signal would not be delivered: the kernel ignores it in that kind of stop.
    quick = () if point.fault == "kill" else ("--seccomp-bpf",)
    words = [*strace(log, *quick, "-e", f"trace={point.call}", "-e", inject), program(), *scenario.words]
    done = subprocess.run(words, cwd=work / "tree", env=environment(), stdin=subprocess.DEVNULL, capture_output=True, timeout=120)
    reached = done.returncode == -9 if point.fault == "kill" else b"(INJECTED)" in log.read_bytes()
    if point.fault == "eintr" and done.returncode != 0:
        raise Violation(f"exit {done.returncode} because a call was interrupted: {done.stderr[-300:]!r}")
    if done.returncode < 0 and not (point.fault == "kill" and reached):
        raise Violation(f"died of signal {-done.returncode}: {done.stderr[-300:]!r}")
    return reached, done.returncode, done.stdout


def try_point(point, scenario, place):
    """The fault, then all that must hold; if a restore is pending then, once more with it taken back. False if the call was not reached."""
    work, log = place / f"{threading.get_ident()}", place / f"{threading.get_ident()}.log"
    reached, code, out = disturb(point, scenario, work, log)
    if scenario.check(work, code, out):
        scenario.check(work, *disturb(point, scenario, work, log)[1:], abort=True)
    remove(work)
    return reached


def chosen(points):
    only = os.environ.get("METAMORI_TEST_ONLY")
    if only:
        return [point for point in points if "/".join(map(str, point)).startswith(only)]
    return points if scale() >= 5 else spread(points, 120 * scale())


def test():
    with scratch("sweep", in_memory=True) as name:
        place = pathlib.Path(name)
        check_strace(place)
        all_scenarios = scenarios.build(place)
        points = [point for key, scenario in all_scenarios.items() for point in points_of(key, scenario, place)]
        tried, missed, violations, started = chosen(points), 0, [], time.monotonic()
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            futures = {pool.submit(try_point, point, all_scenarios[point.scenario], place): point for point in tried}
            for future in concurrent.futures.as_completed(futures):
                point = futures[future]
                try:
                    missed += not future.result()
                except (Violation, subprocess.SubprocessError, OSError) as error:
                    violations.append(f"{'/'.join(map(str, point))}: {error}")
    calls = collections.Counter(point.scenario for point in tried)
    print(", ".join(f"{key} {count}" for key, count in sorted(calls.items())), f"of {len(points)} points in all; {missed} not reached; {time.monotonic() - started:.0f} s")
    if missed > len(tried) // 4:
        violations.append(f"{missed} points were not reached: the runs differ too much for the sweep to mean anything")
    tell_count("T3.points", len(tried) - missed)
    return f"T3: {len(tried) - missed} points", sorted(violations)


if __name__ == "__main__":
    main(test)
