#!/usr/bin/python3
"""Repositories from somebody who means harm (hostile_cases.py): everything that looks at one, restores from it or goes on with it ends with an
exit code, soon and in little memory; nothing outside is touched, nothing gets privileges that were not asked for, no name drives the terminal,
and verify says what is not as it should be. And while root restores, another user swaps directories for links."""

import os
import pathlib
import resource
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor

from hostile_cases import all_cases
from hostile_forge import Forge
from support import Violation, Walk, attributes, chance, environment, leave_out, main, program, remove, scale, scratch, tell_count

SECONDS = 60  # for one command; a busy machine is slow
ENDLESS_SECONDS = 3
MAX_RESIDENT = 400 << 20
MAX_SPACE = 6 << 30  # of addresses: a pack is mapped
MAX_FILE = 64 << 20
CODES = {0, 1, 2, 3, 4, 10, 11, 12, 13, 14, 15, 16}
NOBODY = 65534
LOOKING = (
    ("log", "--all", "--graph", "--stat"), ("show", "1"), ("ls", "-R", "-l", "1"), ("find", "*"), ("stats",), ("cat", "1:a"), ("diff", "1"), ("status",), ("tag",), ("__complete", "restore", ""),
    ("verify",), ("forget", "-n", "--keep-last", "1"), ("gc", "-n"),
)  # fmt: skip
GOING_ON = (
    ("restore", "1", "--to", "../to", "--json"), ("restore", "1", "--to", "../to", "--force"), ("restore", "1", "--to", "../to", "--overwrite=if-changed"), ("restore", "1", "--to", "../never", "--overwrite=never"),
    ("restore", "1", "--fallback", "-n", "--force"), ("restore", "1", "--force"), ("undo", "--force"), ("checkpoint", "--json"), ("restore", "HEAD", "--delete", "--force"), ("recover",), ("gc",), ("verify", "--data"),
)  # fmt: skip


def limits():
    resource.setrlimit(resource.RLIMIT_AS, (MAX_SPACE, MAX_SPACE))
    resource.setrlimit(resource.RLIMIT_FSIZE, (MAX_FILE, MAX_FILE))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


class Run:
    """One command on a hostile repository: what it said, how it ended, what it took."""

    def __init__(self, tree, words, seconds):
        self.words = words
        with tempfile.TemporaryFile() as out:
            process = subprocess.Popen([program(), *words], cwd=tree, env=environment() | {"HOME": "/nonexistent"}, stdin=subprocess.DEVNULL, stdout=out, stderr=out, preexec_fn=limits)
            timer = threading.Timer(seconds, process.kill)
            timer.start()
            _, status, usage = os.wait4(process.pid, 0)
            self.ran_out = not timer.is_alive()
            timer.cancel()
            process.returncode = self.code = os.waitstatus_to_exitcode(status)
            self.resident = usage.ru_maxrss << 10
            out.seek(0)
            self.said = out.read(4 << 20)

    def told(self):
        return f"{' '.join(self.words)}: exit {self.code}: {self.said[-300:]!r}"


class Trial:
    """One case: its repository beside what must stay as it is."""

    def __init__(self, case, place):
        self.case, self.place, self.violations, self.commands = case, place, [], 0
        self.tree, self.outside = place / "tree", place / "outside"

    def fail(self, what):
        self.violations.append(f"{self.case.name}: {what}")

    def make(self):
        self.outside.mkdir(parents=True)
        (self.outside / "victim").write_bytes(b"nobody may change this")
        (self.outside / "below").mkdir()
        self.case.forge(Forge(self.tree), os.fsencode(self.outside))
        for name in ("to", "never"):
            (self.place / name).mkdir()
        if self.case.prepare:
            for name in ("tree", "to", "never"):
                self.case.prepare(os.fsencode(self.place / name), os.fsencode(self.outside))

    def run(self, words):
        is_endless = self.case.is_endless
        done = Run(self.tree, words, ENDLESS_SECONDS if is_endless else SECONDS)
        self.commands += 1
        if done.ran_out and not is_endless:
            self.fail(f"does not end: {done.told()}")
        elif done.code not in CODES and not (done.ran_out and is_endless):
            self.fail(f"ends otherwise: {done.told()}")
        # What tells of every name, or plans for it, holds them all; a tree on disk may have as many.
        tells_all = is_endless and words[0] in ("find", "diff", "status", "restore", "undo") and "--to" not in words
        if done.resident > MAX_RESIDENT and not tells_all:
            self.fail(f"takes {done.resident >> 20} MiB: {done.told()}")
        if words[0] != "cat" and any(byte in done.said for byte in (b"\x1b", b"\x07", b"\x9b")):
            self.fail(f"drives the terminal: {done.told()}")
        return done

    def look_around(self, before):
        if different := Walk(self.outside).difference(before):
            self.fail(f"outside it is not as it was: {different}")
        strangers = {path.name for path in self.place.iterdir()} - {"tree", "outside", "to", "never"}
        if strangers or any(os.path.lexists(path) for path in ("/planted", "/tmp/planted")):
            self.fail(f"planted something: {strangers}")

    def look_for_privileges(self):
        for top in (self.tree, self.place / "to", self.place / "never"):
            for directory, names, files in os.walk(top):
                if ".metamori" in names:
                    names.remove(".metamori")
                fd = os.open(directory, os.O_RDONLY)
                for name in files:
                    info = os.stat(name, dir_fd=fd, follow_symlinks=False)
                    if stat.S_ISREG(info.st_mode) and info.st_mode & 0o6000 or stat.S_ISCHR(info.st_mode) or stat.S_ISBLK(info.st_mode):
                        self.fail(f"{directory}/{name} has got privileges: {stat.filemode(info.st_mode)}")
                    if any(key.startswith(("security.", "trusted.")) for key, _ in attributes(fd, os.fsencode(name))):
                        self.fail(f"{directory}/{name} has got attributes: {attributes(fd, os.fsencode(name))}")
                os.close(fd)

    def carry_out(self):
        self.make()
        before = Walk(self.outside)
        for words in LOOKING:
            self.run(words)
        if self.run(("verify", "--data")).code == 0 and self.case.is_damaged:
            self.fail("verify has nothing to say")
        if self.case.words:
            self.run(self.case.words)
        for words in GOING_ON:
            self.run(words)
        self.look_around(before)
        if not self.case.is_endless:
            self.look_for_privileges()


def try_case(place, number, case):
    trial = Trial(case, place / str(number))
    try:
        trial.carry_out()
    except Exception as error:  # a test that can't be carried out proves nothing
        trial.fail(f"{type(error).__name__}: {error}")
    remove(trial.place)
    return trial


# Swaps "d" for a link to elsewhere and back, until told to stop.
SWAPPER = """
import os, sys
os.chdir(sys.argv[1])
os.symlink(sys.argv[2], "l")
while True:
    for a, b in (("d", "k"), ("l", "d"), ("d", "l"), ("k", "d")):
        try:
            os.rename(a, b)
        except OSError:
            pass
"""


def swap_directories(place):
    """Root restores into directories of another user's, who swaps them for links all the while."""
    if os.geteuid() != 0 or not shutil.which("setpriv"):
        leave_out("root restores while another user swaps directories for links", "not root, or no setpriv")
        return [], 0
    os.chmod(place, 0o755)
    outside, tree, target = place / "outside", place / "tree", place / "to"
    for directory in (outside, tree, tree / "d", target):
        directory.mkdir()
    (outside / "victim").write_bytes(b"nobody may change this")
    for number in range(60):
        (tree / f"d/{number}").write_bytes(b"%d" % number)
        (tree / f"d/e{number}").mkdir()
        (tree / f"d/e{number}/victim").write_bytes(b"%d" % number)
    (tree / "d/victim").write_bytes(b"planted")
    quiet = {"cwd": tree, "env": environment(), "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    for words in (("init",), ("checkpoint",)):
        subprocess.run([program(), *words], check=True, **quiet)
    before, violations, rounds, random = Walk(outside), [], 0, chance("swaps")
    end = time.monotonic() + 6 * scale()
    while time.monotonic() < end or rounds < 20:
        elsewhere = rounds % 2 == 0
        held = target if elsewhere else tree
        if elsewhere:
            remove(target)
            target.mkdir()
            (target / "d").mkdir()
        else:
            shutil.rmtree(tree / "d", ignore_errors=True)
            for name in ("d", "k", "l"):
                if os.path.islink(tree / name):
                    os.unlink(tree / name)
                shutil.rmtree(tree / name, ignore_errors=True)
            (tree / "d").mkdir()
        for directory in (held, held / "d"):
            os.chown(directory, NOBODY, NOBODY)
        swapper = subprocess.Popen(["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", sys.executable, "-c", SWAPPER, held, outside], stderr=subprocess.DEVNULL)
        time.sleep(0.05 + random.random() / 50)
        words = ("restore", "1", "--to", str(target), "--force") if elsewhere else ("restore", "1", "--force", "--delete")
        for _ in range(4):
            done = subprocess.run([program(), *words], **quiet)
            if done.returncode < 0:
                violations.append(f"{words} beside a swapper: {done.returncode}")
        swapper.send_signal(signal.SIGKILL)
        swapper.wait()
        subprocess.run([program(), "recover", "--force"], **quiet)
        if different := Walk(outside).difference(before):
            violations.append(f"{words}: outside it is not as it was: {different}")
            break
        rounds += 1
    return violations, rounds


def test():
    wanted = os.environ.get("METAMORI_TEST_ONLY", "")
    cases = [case for case in all_cases() if wanted in case.name]
    if len({case.name for case in cases}) != len(cases):
        raise Violation("two cases of one name")
    if scale() == 1 and not wanted:
        cases = cases[::2]  # all of them take minutes
    with scratch("hostile", in_memory=True) as place:
        place = pathlib.Path(place)
        with ThreadPoolExecutor(max(2, os.cpu_count() or 1)) as pool:
            trials = list(pool.map(lambda numbered: try_case(place, *numbered), enumerate(cases)))
        (place / "swaps").mkdir()
        violations, rounds = ([], 0) if wanted else swap_directories(place / "swaps")
    violations += [each for trial in trials for each in trial.violations]
    commands = sum(trial.commands for trial in trials)
    tell_count("T12.repositories", len(trials))
    tell_count("T12.commands", commands)
    tell_count("T12.rounds-beside-a-swapper", rounds)
    return f"{len(trials)} hostile repositories, {commands} commands on them, {rounds} rounds beside a user who swaps directories for links", violations


if __name__ == "__main__":
    main(test)
