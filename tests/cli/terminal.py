#!/usr/bin/env python3
"""Progress and signals: the live line on a terminal, silence elsewhere, a status line at SIGUSR1, and stopping at any moment.

METAMORI_TEST_SCALE repeats what is done at random moments; METAMORI_TEST_ONLY=TEXT runs the parts whose name holds TEXT.
"""

import fcntl
import json
import os
import pathlib
import pty
import random
import re
import select
import signal
import struct
import subprocess
import sys
import tempfile
import termios
import time

import contract_worlds as worlds

sys.path.append(str(pathlib.Path(__file__).resolve().parent.parent / "support"))

from tap import Parts, tell_count  # noqa: E402

ERASE = b"\r\x1b[K"
SLOW = ("--rate-limit", "3M")  # with 3 MiB to read: a second
SCALE = max(1, int(os.environ.get("METAMORI_TEST_SCALE") or 1))
chosen = random.Random(int(os.environ.get("METAMORI_TEST_SEED") or 20240229))


def make_tree(place, mebibytes=3):
    tree = worlds.make_empty(place)
    worlds.write(tree / "results/a-file-with-a-name-that-is-long-enough-to-be-cut/日本語.h5", os.urandom(mebibytes << 20))
    return tree


def start(tree, *words, **more):
    more = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "stdin": subprocess.DEVNULL} | more
    return subprocess.Popen([worlds.program(), *words], cwd=tree, env=more.pop("env", worlds.environment()), **more)


def on_terminal(tree, *words, columns=80, env=None):
    """Standard error is a terminal: (exit code, standard output, what the terminal was sent, seconds)."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    started = time.monotonic()
    process = start(tree, *words, stderr=theirs, env=env or worlds.environment(TERM="xterm"))
    os.close(theirs)
    sent, ended = b"", False
    while not ended or select.select([ours], [], [], 0)[0]:
        ended = process.poll() is not None
        if select.select([ours], [], [], 0.05)[0]:
            try:
                sent += os.read(ours, 65536)
            except OSError:  # nobody has the other end any more
                break
    seconds = time.monotonic() - started
    os.close(ours)
    return process.wait(), process.stdout.read(), sent, seconds


def columns_of(text):
    return sum(2 if ord(each) >= 0x2E80 else 1 for each in text)


def check_live_line(place):
    """Rate and current path, at most ten a second, no wider than the terminal, gone at the end."""
    frames_seen = 0
    for columns in (20, 40, 80, 200):
        tree = make_tree(place / f"live{columns}")
        code, out, sent, seconds = on_terminal(tree, "checkpoint", *SLOW, columns=columns)
        assert code == 0 and out.startswith(b"checkpoint 1 "), (code, out)
        assert sent.startswith(ERASE) and sent.endswith(ERASE) and b"\n" not in sent, sent
        frames = [frame.decode() for frame in sent.split(ERASE)[1:-1]]
        assert 3 <= len(frames) <= 10 * seconds + 1, (len(frames), seconds)
        for frame in frames:
            assert frame.startswith("scan: ") and columns_of(frame) < columns, (columns, frame)
        if columns >= 80:
            assert re.search(r"scan: \d+ files, [\d.]+ MiB, [\d.]+ [KM]iB/s  .*日本語.h5$", frames[-1]), frames[-1]
        assert ("…" in frames[-1]) == (columns == 80), frames[-1]
        if columns == 200:
            assert "results/a-file" in frames[-1], frames[-1]
        assert len(set(frames)) >= 3, frames
        frames_seen += len(frames)
    return frames_seen


def check_silence(place):
    """Nothing but the summary where there is no terminal, or none is wanted."""
    tree = make_tree(place / "silent", 1)
    for words, env in (((), {}), (("-q",), {}), (("--progress=none",), {}), ((), {"TERM": "dumb"}), (("--json",), {})):
        on_screen = words or env
        more = {"env": worlds.environment(**({"TERM": "xterm"} | env))}
        run = ["checkpoint", "--check=content", *SLOW, *words]
        if on_screen and "--json" not in words:
            code, out, sent, _ = on_terminal(tree, *run, **more)
            assert code == 0 and sent == b"" and out.count(b"\n") == 1, (words, env, sent)
        result = worlds.run(tree, run)
        assert result.code == 0 and result.err == b"" and result.out.count(b"\n") == 1, result
    code, out, sent, _ = on_terminal(tree, "checkpoint", "--check=content", *SLOW, "--json")
    assert sent.endswith(ERASE) and json.loads(out)["created"], sent


def check_plain(place):
    tree = make_tree(place / "plain-lines", 1)
    result = worlds.run(tree, ["checkpoint", *SLOW, "--progress=plain=0.1"])
    lines = result.err.decode().splitlines()
    assert 3 <= len(lines) <= 40 and all(re.fullmatch(r"metamori: (scan: \d+ files, .+|working for [\d.]+ s)", line) for line in lines), result


# Signals.


def handles(process, number):
    """Whether the process catches that signal by now."""
    try:
        status = pathlib.Path(f"/proc/{process.pid}/status").read_text()
    except OSError:
        return True
    caught = int(re.search(r"^SigCgt:\s*(\w+)", status, re.MULTILINE)[1], 16)
    return bool(caught >> (number - 1) & 1)


def until_handles(process, number):
    worlds.wait_until(lambda: handles(process, number) or process.poll() is not None)


def read_line(stream, seconds=20):
    end, data = time.monotonic() + seconds, b""
    while not data.endswith(b"\n"):
        left = end - time.monotonic()
        assert left > 0 and select.select([stream], [], [], left)[0], f"no line in time: {data!r}"
        byte = os.read(stream.fileno(), 1)
        assert byte, f"it ended: {data!r}"
        data += byte
    return data.decode()


def check_status_line(place):
    """One line at SIGUSR1: while it reads, while it waits, and from commands that write as they read."""
    tree = make_tree(place / "status")
    process = start(tree, "checkpoint", *SLOW)
    until_handles(process, signal.SIGUSR1)
    time.sleep(0.3)
    for _ in range(2):
        process.send_signal(signal.SIGUSR1)
        assert re.fullmatch(r"metamori: scan: \d+ files, .+\n", read_line(process.stderr))
    out, err = process.communicate(timeout=60)
    assert process.returncode == 0 and err == b"" and out.startswith(b"checkpoint 1 "), (out, err)
    worlds.write(tree / "new", b"new")
    worlds.must(tree, "restore", "1", "-q", "--delete")
    for words, lock in WAITING:
        with worlds.locked(tree, lock):
            process = start(tree, *words, "--lock-timeout", "1m")
            until_handles(process, signal.SIGTERM)
            time.sleep(0.3)
            process.send_signal(signal.SIGUSR1)
            line = read_line(process.stderr)
            assert re.fullmatch(rf"metamori: wait: [\d.]+ s for the lock '{lock}', held by process 4711 on node7 since .+\n", line), line
            process.kill()
            process.communicate()
    process = start(tree, "cat", "1:results/a-file-with-a-name-that-is-long-enough-to-be-cut/日本語.h5")
    until_handles(process, signal.SIGUSR1)
    time.sleep(0.1)
    process.send_signal(signal.SIGUSR1)
    assert re.fullmatch(r"metamori: cat: [\d.]+ [KM]?i?B, [\d.]+ s\n", read_line(process.stderr))
    process.kill()
    process.communicate()


WAITING = ((("checkpoint",), "gc"), (("restore", "1"), "tree"), (("undo",), "tree"), (("track", "x"), "rules"))


def check_stop_while_waiting(place):
    """A wait for a lock, or for another's restore, ends at INT, TERM and HUP, and the signal is raised again."""
    tree, stopped = make_tree(place / "waiting", 1), 0
    worlds.must(tree, "checkpoint", "-q")
    worlds.write(tree / "new", b"new")
    worlds.must(tree, "restore", "1", "-q", "--delete")
    log = worlds.must(tree, "log", "--all", "--json").out
    intent = tree / ".metamori/restore/intent"
    for words, lock in (*WAITING, (("checkpoint",), None), (("restore", "1"), None)):
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            with worlds.locked(tree, *([lock] if lock else [])):
                if not lock:
                    intent.write_bytes(b"another's")
                process = start(tree, *words, "--lock-timeout", "1m", "--json")
                until_handles(process, number)
                time.sleep(chosen.uniform(0, 0.3))
                sent = time.monotonic()
                process.send_signal(number)
                out, err = process.communicate(timeout=30)
                assert time.monotonic() - sent < 5, "it went on waiting"
                if not lock:
                    intent.unlink()
            report = json.loads(out)
            assert process.returncode == -number and report["kind"] == "interrupted" and err == b"", (words, number, out, err)
            assert "waiting for the " in report["message"], report
            check_tidy(tree)
            stopped += 1
    assert worlds.must(tree, "log", "--all", "--json").out == log
    return stopped


def check_tidy(tree):
    """No litter, no pending restore, and the repository is sound."""
    temporary = list((tree / ".metamori/tmp").iterdir()) if (tree / ".metamori/tmp").exists() else []
    assert not temporary, temporary
    staged = [path for path in tree.rglob("*") if path.name.startswith(".metamori-stage-")]
    assert not staged, staged
    assert not json.loads(worlds.must(tree, "status", "--json").out)["restore_pending"]
    worlds.must(tree, "verify", "-q")


def check_stored_serves(place):
    """What an interrupted checkpoint stored is not stored again."""
    tree = make_tree(place / "serves")
    process = start(tree, "checkpoint", *SLOW)
    until_handles(process, signal.SIGTERM)
    time.sleep(0.6)
    process.send_signal(signal.SIGTERM)
    out, err = process.communicate(timeout=30)
    assert process.returncode == -signal.SIGTERM and out == b"" and re.fullmatch(rb"metamori: error: stopped as asked\nhint: what was stored so far serves the next run\n", err), (out, err)
    check_tidy(tree)
    report = json.loads(worlds.must(tree, "checkpoint", "--json").out)
    assert report["number"] == 1 and report["bytes_added"] < 2.5 * (1 << 20), report["bytes_added"]


def check_second_signal(place):
    """The second one ends it at once, whatever it is doing."""
    tree = make_tree(place / "second")
    process = start(tree, "checkpoint", *SLOW, "--json")
    until_handles(process, signal.SIGTERM)
    process.send_signal(signal.SIGSTOP)
    process.send_signal(signal.SIGINT)
    process.send_signal(signal.SIGTERM)
    process.send_signal(signal.SIGCONT)
    out, err = process.communicate(timeout=30)
    assert process.returncode in (-signal.SIGINT, -signal.SIGTERM) and out == b"" and err == b"", (process.returncode, out, err)
    worlds.must(tree, "checkpoint", "-q")
    worlds.must(tree, "verify", "-q")


def check_ignored(place):
    """What the parent ignored, as nohup does, stays ignored."""
    tree = make_tree(place / "ignored", 1)
    process = start(tree, "checkpoint", *SLOW, preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN))
    until_handles(process, signal.SIGTERM)
    process.send_signal(signal.SIGHUP)
    out, err = process.communicate(timeout=30)
    assert process.returncode == 0 and out.startswith(b"checkpoint 1 "), (process.returncode, err)


def check_random_moments(place):
    """Stopped at any moment each command has done all of its work or none, and nothing is left behind."""
    tree = make_tree(place / "random", 2)
    for i in range(200):
        worlds.write(tree / f"d{i % 5}/f{i}", b"one %d" % i)
    worlds.must(tree, "checkpoint", "-q", "--tag", "one")
    for i in range(200):
        worlds.write(tree / f"d{i % 5}/f{i}", b"two %d" % i)
    worlds.must(tree, "checkpoint", "-q", "--tag", "two")
    stopped = rounds = 0
    commands = (("checkpoint", "--check=content"), ("restore", "one"), ("restore", "two", "--delete"), ("undo",), ("verify", "--data"), ("tag", "moved", "one", "--force"), ("track", "--list"), ("stats",), ("find", "*"), ("diff", "one", "two"), ("status",))
    for number in range(4 * len(commands) * SCALE):
        words, killer = commands[number % len(commands)], chosen.choice((signal.SIGINT, signal.SIGTERM))
        process = start(tree, *words, "--json")
        until_handles(process, signal.SIGTERM)
        time.sleep(chosen.uniform(0, 0.06))
        process.send_signal(killer)
        out, err = process.communicate(timeout=60)
        rounds += 1
        assert process.returncode in (0, -killer) or (words == ("undo",) and process.returncode == 12), (words, process.returncode, out, err)
        if process.returncode < 0 and out:  # one that only reads may have been ended at once
            report = json.loads(out)
            assert report["type"] == words[0] or report["kind"] == "interrupted" or (words, report["kind"]) == (("undo",), "bad_revision"), report
            stopped += report["type"] == "error"
        check_tidy(tree)
        contents = {(tree / f"d{i % 5}/f{i}").read_bytes().split()[0] for i in range(200)}
        assert len(contents) == 1, (words, contents)
    return rounds


def main():
    parts, only = Parts("cli_terminal"), os.environ.get("METAMORI_TEST_ONLY", "")
    checks = (
        ("the live line fits, tells rate and path, comes at most ten times a second, and is erased", check_live_line, "cli.terminal.frames"),
        ("without a terminal, or where it is not wanted, there is the summary alone", check_silence, None),
        ("--progress=plain tells at its pace", check_plain, None),
        ("SIGUSR1 asks for one line, also while a lock is waited for", check_status_line, None),
        ("waiting for a lock or a restore can be stopped", check_stop_while_waiting, "cli.terminal.waits"),
        ("what an interrupted checkpoint stored serves the next one", check_stored_serves, None),
        ("a second signal ends it at once", check_second_signal, None),
        ("an ignored signal stays ignored", check_ignored, None),
        ("signals at random moments leave nothing behind", check_random_moments, "cli.terminal.signals"),
    )
    with tempfile.TemporaryDirectory(prefix="metamori-terminal-", ignore_cleanup_errors=True) as name:
        for title, check, count in checks:
            if only in title:
                parts.run(title, check, pathlib.Path(name), count=count)
    parts.end()


if __name__ == "__main__":
    main()
