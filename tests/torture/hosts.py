"""Other hosts, as far as the program can tell, and commands that stand still in the middle."""

import json
import os
import pathlib
import shutil
import signal
import subprocess
import time

from support import Violation, build_preload, environment, program
from tap import Skip

# $0 is the host's name, $1 its boot; the program is not the first process, which no signal stops.
BECOME = 'hostname "$0" && mount --bind "$1" /proc/sys/kernel/random/boot_id || exit 99; shift; "$@" & wait $!'


class Host:
    """Another machine, as far as the program can tell: name, boot and process ids. `faults` are those of support/preload.c."""

    library = None  # support/preload.c, made by check_means

    def __init__(self, name, place, faults=""):
        self.name, self.boot, self.faults = name, place / f"boot-{name}", faults
        self.start_again()

    def start_again(self):
        self.boot.write_bytes(subprocess.run(["cat", "/proc/sys/kernel/random/uuid"], check=True, capture_output=True).stdout)

    def words(self, *words, faults=""):
        wrong = ",".join(filter(None, (self.faults, faults)))
        with_faults = ("env", f"LD_PRELOAD={Host.library}", f"METAMORI_PRELOAD={wrong}", "ASAN_OPTIONS=verify_asan_link_order=0") if wrong else ()
        return ["unshare", "--uts", "--mount", "--pid", "--fork", "--mount-proc", "--kill-child", "sh", "-c", BECOME, self.name, self.boot, *with_faults, program(), *words]

    def start(self, tree, *words, faults=""):
        return subprocess.Popen(self.words(*words, faults=faults), cwd=tree, env=environment(), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def run(self, tree, *words, ok=(0,), faults=""):
        process = self.start(tree, *words, "--json", faults=faults)
        out, err = process.communicate(timeout=300)
        if process.returncode not in ok:
            raise Violation(f"{self.name}: {' '.join(map(str, words))}: exit {process.returncode}, expected {ok}: {out[-300:]!r} {err[-600:]!r}")
        return json.loads(out)


def below(pid):
    """Processes that this one started, and those that they did."""
    children = pathlib.Path(f"/proc/{pid}/task/{pid}/children")
    found = list(map(int, children.read_text().split())) if children.exists() else []
    return found + [deeper for child in found for deeper in below(child)]


def is_stopped(pid):
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "T"
    except OSError:
        return False


class Stopped:
    """A command that stands still just before it publishes its record."""

    def __init__(self, host, tree, *words):
        self.process = host.start(tree, *words, "--json", faults="stop-before-publishing")
        self.pid = None
        for _ in range(2000):
            self.pid = next(filter(is_stopped, below(self.process.pid)), None)
            if self.pid or self.process.poll() is not None:
                break
            time.sleep(0.01)
        if not self.pid:
            raise Violation(f"{' '.join(words)} did not stop: {self.process.communicate()}")

    def kill(self):
        """As when its machine loses power: all of it, at once."""
        self.process.kill()
        self.process.communicate()

    def go_on(self):
        """Exit code and report. It may stop again, at another number."""
        while self.process.poll() is None:
            if is_stopped(self.pid):
                os.kill(self.pid, signal.SIGCONT)
            time.sleep(0.005)
        out, err = self.process.communicate()
        try:
            return self.process.returncode, json.loads(out)
        except ValueError:
            raise Violation(f"no JSON from what had been stopped: {self.process.returncode} {out!r} {err!r}") from None


def check_means(place):
    """Skips where no other host can be made."""
    if not shutil.which("unshare") or os.geteuid() != 0:
        raise Skip("only root can make namespaces" if os.geteuid() else "no unshare")
    Host.library = build_preload(place)
    tried = subprocess.run(Host("tried", place).words("version"), env=environment(), capture_output=True)
    if tried.returncode != 0:
        raise Skip(f"no other host can be made here: {tried.stderr.decode(errors='replace').strip()}")
