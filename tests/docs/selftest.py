#!/usr/bin/env python3
"""run_page.py and references.py notice what they are there for. Each case is a page, and whether it is right."""

import pathlib
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent

# Sessions (the fences are added), and whether they are as shown.
SESSIONS = [
    ("$ echo one\none", True),
    ("$ echo one\ntwo", False),
    ("$ echo one\none\ntwo", False),
    ("$ printf 'one\\ntwo\\n'\none", False),
    ("$ echo one\n", False),  # an empty line is shown
    ("$ seq 9\n1\n...\n9", True),
    ("$ seq 9\n1\n...\n8", False),
    ("$ echo 'took 3.1 s, 2026-01-02 10:20'\ntook 0.5 s, 1999-12-31 23:59", True),
    ("$ echo 'took 3.1 s'\ntook long", False),
    ("$ echo '100 MiB'\n60.0 MiB", True),
    ("$ echo '100 MiB'\n100 KiB", False),
    ("$ echo '3 B'\n2.1 KiB", True),
    ("$ echo 3 packs, 14 chunks\n5 packs, 9 chunks", True),
    ("$ echo 1 file\n2 files", False),
    ("$ echo aaaaaaaa\nbbbbbbbb\n$ echo aaaaaaaa\nbbbbbbbb", True),
    ("$ echo aaaaaaaa\nbbbbbbbb\n$ echo aaaaaaaa\ncccccccc", False),
    ("$ echo aaaaaaaa\nbbbbbbbb\n$ echo cccccccc\nbbbbbbbb", False),
    ("$ echo aaaaaaaa1111\nbbbbbbbb2222\n$ echo bbbbbbbb-x\nbbbbbbbb-x", True),  # the command is given the run's id
    ("$ false", False),
    ("$ false\n$ echo $?\n1", True),
    ("$ false\n$ echo $?\n0", False),
    ("$ echo one; false", False),
    ("$ exit 0\n$ echo one\none", False),
    ("$ for i in 1 2; do\n>   echo $i\n> done\n1\n2", True),
    ("$ pwd; cd /; mkdir ~/x; cd ~/x; pwd\n/home/ada\n/home/ada/x", True),
    ("$ x=1\n$ echo $x\n1", True),
]
PAGES = [
    ("<!-- file: say -->\n```sh\n#!/bin/sh\necho hello\n```\n```console\n$ ./say\nhello\n```\n", True),
    ("<!-- not run: no reason -->\n```console\n$ false\n```\n```console\n$ true\n```\n", True),
    ("```console\n$ touch here\n```\n<!-- fresh directory -->\n```console\n$ ls\n```\n", True),
    ("```console\n$ touch here\n```\n```console\n$ ls\n```\n", False),
    ("```sh\nfalse\n```\n", False),
    ("```sh\necho not compared\n```\n", True),
    ("nothing to run\n", False),
]
REFERENCES = [
    ("[a](b.md)", True), ("[a](c.md)", False), ("[a](b.md#two-words)", True), ("[a](b.md#three-words)", False), ("[a](https://example.org/c.md)", True),
    ("`src/x.cpp`", True), ("`x.cpp`", True), ("`src/*.cpp`", True), ("`y.cpp`", False), ("`src/y.cpp`", False), ("`other/x.cpp`", False),
]


def is_right(*command):
    return subprocess.run([sys.executable, *map(str, command)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT).returncode == 0


def main():
    wrong = []
    with tempfile.TemporaryDirectory(prefix="metamori-docs-selftest.") as name:
        work = pathlib.Path(name)
        page = work / "page.md"
        for text, expected in [(f"```console\n{session}\n```\n", right) for session, right in SESSIONS] + PAGES:
            page.write_text(text)
            if is_right(HERE / "run_page.py", page) != expected:
                wrong.append(f"{'refused' if expected else 'accepted'}:\n{text}")
        page.write_text("```console\n$ echo one\ntwo\n$ echo three\n```\n")
        subprocess.run([sys.executable, HERE / "run_page.py", page, "--update"], stdout=subprocess.PIPE)
        if page.read_text() != "```console\n$ echo one\none\n$ echo three\nthree\n```\n":
            wrong.append(f"--update wrote:\n{page.read_text()}")

        root = work / "root"
        (root / "src").mkdir(parents=True)
        (root / "src/x.cpp").touch()
        for other in ("d.md", "e.md", "f.md"):
            (root / other).touch()
        (root / "b.md").write_text("# Two words\n")
        for text, expected in REFERENCES:
            (root / "a.md").write_text(text + "\n")
            if is_right(HERE / "references.py", root) != expected:
                wrong.append(f"{'refused' if expected else 'accepted'}: {text}")
    print(*wrong, sep="\n")
    print(f"{len(SESSIONS) + len(PAGES) + len(REFERENCES) + 1} cases, {len(wrong)} wrong")
    return 1 if wrong else 0


sys.exit(main())
