#!/usr/bin/env python3
"""tools/summarize_tests on made-up reports: a floor that is not reached, or not told of, is a failure; a skipped test is named."""

import pathlib
import subprocess
import sys
import tempfile

TOOL = pathlib.Path(__file__).resolve().parents[2] / "tools/summarize_tests"
PASSED = '<testcase name="{}" status="run"><system-out>{}</system-out></testcase>'
SKIPPED = '<testcase name="{}" status="notrun"><skipped message="SKIP"/><system-out>{}</system-out></testcase>'
failures = []


def summarize(tests, floors, *options, taps=None):
    """Lines and exit code for tests (name, template, output)."""
    with tempfile.TemporaryDirectory() as name:
        place = pathlib.Path(name)
        report = "".join(template.format(test, output) for test, template, output in tests)
        (place / "ctest.junit").write_text(f'<?xml version="1.0"?><testsuite>{report}</testsuite>')
        (place / "floors").write_text(floors)
        for test, text in (taps or {}).items():
            (place / f"{test}.tap").write_text(text)
        done = subprocess.run([sys.executable, TOOL, *options, place, "0", place / "floors"], capture_output=True, text=True)
        return done.stdout.splitlines() + done.stderr.splitlines(), done.returncode


def expect(what, found, lines, code):
    if found != (lines, code):
        failures.append(f"{what}: {found}, expected {(lines, code)}")


SWEEP = [("sweep", PASSED, "noise\ncount: T1.states 40\nmore\ncount: T1.states 2\n")]
expect("reached", summarize(SWEEP, "# what a run has to reach\nsweep T1.states 42\n"), ["1 passed, 0 failed, 0 skipped"], 0)
expect("too few", summarize(SWEEP, "sweep T1.states 43\n"), ["failed: sweep: T1.states is 42, its floor is 43", "1 passed, 1 failed, 0 skipped"], 1)
expect("not told", summarize(SWEEP, "sweep T2.faults 1\n"), ["failed: sweep: T2.faults is missing, its floor is 1", "1 passed, 1 failed, 0 skipped"], 1)
expect("not run", summarize(SWEEP, "other T1.states 1\n"), ["failed: other: T1.states has a floor, but the test was not run", "1 passed, 1 failed, 0 skipped"], 1)
expect("some", summarize(SWEEP, "other T1.states 1\n", "--some"), ["1 passed, 0 failed, 0 skipped"], 0)
expect(
    "skipped",
    summarize([*SWEEP, ("other", SKIPPED, "")], "sweep T1.states 1\nother T3.points 9\n"),
    ["skipped: other", "skipped: other: T3.points was not told, and its floor of 9 not looked at", "1 passed, 0 failed, 2 skipped"],
    0,
)
expect(
    "parts",
    summarize(SWEEP, "sweep T1.states 1\n", taps={"sweep": "1..3\nok 1 - it works\nok 2 - ACLs # SKIP no setfacl\nnot ok 3 - it ends\n"}),
    ["skipped: sweep ACLs # SKIP no setfacl", "failed: sweep it ends", "1 passed, 1 failed, 1 skipped"],
    1,
)
expect("nothing", summarize([], ""), ["0 passed, 0 failed, 0 skipped"], 1)

for failure in failures:
    print(failure)
sys.exit(1 if failures else 0)
