#!/usr/bin/python3
"""Two hosts that share a file system: other names, boots and process ids; locks that are stale, missing or given to everybody; writers that stand
still for long; a file system that can't rename without replacing, or whose answers get lost. Nothing acknowledged is lost, nobody waits for the dead.
"""

import hashlib
import json
import os
import pathlib
import signal
import threading
import time

from hosts import Host, Stopped, check_means, is_stopped
from support import Violation, Walk, chance, expect_same, remove, run, scale, scratch
from tap import Parts

AS_NFS = "as-nfs,lying-locks,no-noreplace,link-answers-lost"


def make(place, name, chosen, host):
    tree = place / name
    tree.mkdir()
    host.run(tree, "init")
    fill(tree, chosen)
    return tree


def fill(tree, chosen, names=range(8)):
    for number in names:
        (tree / f"f{number}").write_bytes(chosen.randbytes(20000))


def expect_whole(place, tree, host, revision, state, what):
    host.run(tree, "restore", str(revision), "--to", str(place / "out"), "--same-owner")
    expect_same(Walk(place / "out"), state, what)
    remove(place / "out")


def expect_sound(tree, host):
    report = host.run(tree, "verify", "--data", ok=(0, 13))
    if not report["ok"]:
        raise Violation(f"verify: {report['problems'][:3]}")


def check_holder(place):
    """Who has a lock is named by host and process, and keeps it however long ago it was taken, wherever its boot is said to be."""
    alpha, beta, chosen = Host("alpha", place), Host("beta", place), chance("holder")
    tree = make(place, "holder", chosen, alpha)
    alpha.run(tree, "checkpoint")
    fill(tree, chosen)
    stopped = Stopped(alpha, tree, "checkpoint")
    try:
        lock = tree / ".metamori/locks/gc"
        told = dict(line.split(" ", 1) for line in lock.read_text().splitlines())
        if (told["host"], told["boot"]) != ("alpha", alpha.boot.read_text().strip()):
            raise Violation(f"the lock tells of {told}")
        report = beta.run(tree, "gc", ok=(11,))
        if f"process {told['pid']} on alpha" not in report["message"]:
            raise Violation(f"who has the lock is not named: {report}")
        # As if it had been taken years ago, in another boot, by a process that is not there; whoever still holds it holds it.
        lock.write_text("host alpha\nboot 00000000-0000-0000-0000-000000000000\npid 999999\nsince 1000000000\n")
        os.utime(lock, (10**9, 10**9))
        beta.run(tree, "gc", ok=(11,))
        running = beta.run(tree, "checkpoint", "--skip-if-running")
        if not running["was_running"] or running["created"]:
            raise Violation(f"beside a running checkpoint: {running}")
    finally:
        code, report = stopped.go_on()
    if code != 0 or not report["created"]:
        raise Violation(f"the stopped checkpoint: exit {code}: {report}")
    beta.run(tree, "gc")
    expect_whole(place, tree, beta, report["id"], Walk(tree), "the stopped checkpoint")


def check_stale(place):
    """What a host held that died is free at once, for others and for itself after its next start, and cost nothing."""
    alpha, beta, chosen = Host("alpha", place), Host("beta", place), chance("stale")
    tree = make(place, "stale", chosen, alpha)
    first = alpha.run(tree, "checkpoint")
    for turn, restart in enumerate((False, True)):
        fill(tree, chosen)
        Stopped(alpha, tree, "checkpoint").kill()
        if restart:
            alpha.start_again()
        follower = alpha if restart else beta
        began = time.monotonic()
        if follower.run(tree, "checkpoint", "--skip-if-running")["was_running"]:
            raise Violation("a dead checkpoint counts as running")
        follower.run(tree, "gc")
        follower.run(tree, "restore", first["id"])
        follower.run(tree, "undo")
        if (took := time.monotonic() - began) > 20:
            raise Violation(f"four commands took {took:.1f} s beside the locks of the dead")
    # A host that dies in the middle of a restore: others are told, and either of them ends it.
    state = Walk(tree)
    expect_sound(tree, beta)
    if left := [path.name for path in (tree / ".metamori/tmp").iterdir() if path.name.startswith(("pack-", "record-"))]:
        raise Violation(f"left in tmp: {left}")
    expect_whole(place, tree, alpha, beta.run(tree, "checkpoint")["id"], state, "after all of it")


def check_restore_dies(place):
    """A host dies in the middle of a restore: the other one is told, and finishes it or takes it back."""
    alpha, beta, chosen = Host("alpha", place), Host("beta", place), chance("restore dies")
    for abort in (False, True):
        tree = make(place, f"dies-{abort}", chosen, alpha)
        first, one = alpha.run(tree, "checkpoint"), Walk(tree)
        fill(tree, chosen)
        two = Walk(tree)
        stopped = Stopped(alpha, tree, "restore", first["id"])  # its safety checkpoint
        os.kill(stopped.pid, signal.SIGCONT)
        for _ in range(2000):  # its move of HEAD: all is applied, the intent is there
            if (tree / ".metamori/restore/staged").exists() and is_stopped(stopped.pid):
                break
            time.sleep(0.005)
        stopped.kill()
        beta.run(tree, "checkpoint", ok=(16,))
        beta.run(tree, "gc", ok=(16,))
        beta.run(tree, "recover", *(["--abort"] if abort else []))
        expect_same(Walk(tree), two if abort else one, f"recovered on another host, abort={abort}")
        beta.run(tree, "checkpoint")


def check_stopped_across_gc(place, locks, faults):
    """A checkpoint stands still before it is published, and uses chunks that only forgotten checkpoints have. gc comes by, twice."""
    alpha, beta, chosen = Host("alpha", place, faults), Host("beta", place, faults), chance("across")
    tree = make(place, f"across-{locks}", chosen, alpha)
    old = alpha.run(tree, "checkpoint")
    old_state = {path.name: path.read_bytes() for path in tree.glob("f*")}
    fill(tree, chosen)
    alpha.run(tree, "checkpoint")
    fill(tree, chosen, range(2))
    last = alpha.run(tree, "checkpoint")
    alpha.run(tree, "forget", old["id"])
    for name, content in old_state.items():
        (tree / name).write_bytes(content)
    state = Walk(tree)
    stopped = Stopped(beta, tree, "checkpoint")
    if locks == "held":
        alpha.run(tree, "gc", "--lock-timeout", "1s", ok=(11,))
        code, report = stopped.go_on()
    else:
        first_gc = alpha.run(tree, "gc")
        if locks == "a day":
            alpha.run(tree, "gc", faults="days-later")
        elif not first_gc["bytes_in_trash"]:
            raise Violation(f"nothing is in the trash: {first_gc}")
        code, report = stopped.go_on()
    expect_sound(tree, alpha)
    if code == 0:
        expect_whole(place, tree, alpha, report["id"], state, f"the stopped checkpoint, locks {locks}")
    elif locks != "a day":
        raise Violation(f"the stopped checkpoint failed: exit {code}: {report}")
    elif any(entry["id"] not in (last["id"], *last["parents"]) for entry in alpha.run(tree, "log")["checkpoints"]):
        raise Violation("a checkpoint that failed is listed")
    report = beta.run(tree, "checkpoint")
    expect_whole(place, tree, beta, report["id"], state, "the next checkpoint")
    beta.run(tree, "gc")
    expect_sound(tree, alpha)


def check_no_locks(place):
    """flock says ENOLCK: all goes on but gc, which is refused until somebody promises."""
    host, chosen = Host("alpha", place, "no-locks"), chance("no locks")
    tree = make(place, "no-locks", chosen, host)
    first, one = host.run(tree, "checkpoint"), Walk(tree)
    fill(tree, chosen)
    two = Walk(tree)
    second = host.run(tree, "checkpoint", "--skip-if-running")
    if not second["created"]:
        raise Violation(f"without locks no checkpoint was taken: {second}")
    host.run(tree, "restore", first["id"], "--delete")
    expect_same(Walk(tree), one, "restored without locks")
    host.run(tree, "undo")
    expect_same(Walk(tree), two, "undone without locks")
    host.run(tree, "forget", first["id"])
    refused = host.run(tree, "gc", ok=(16,))
    if "--now" not in refused["hint"]:
        raise Violation(f"gc: {refused}")
    host.run(tree, "gc", "--now")
    expect_whole(place, tree, host, second["id"], two, "after gc --now")


def check_no_names(place):
    """Where a name can neither be made without replacing nor linked, init says so and leaves nothing."""
    host = Host("alpha", place, "no-noreplace,no-links")
    tree = place / "no-names"
    tree.mkdir()
    report = host.run(tree, "init", ok=(14,))
    if "hard links" not in report["message"] or os.listdir(tree):
        raise Violation(f"init: {report}, left: {os.listdir(tree)}")


class Writer(threading.Thread):
    """Takes checkpoints of its own directory from one of the hosts; some are killed."""

    def __init__(self, tree, index, host, turns, deadly):
        super().__init__()
        self.tree, self.index, self.host, self.turns, self.deadly = tree, index, host, turns, deadly
        self.chosen, self.told, self.failures, self.killed = chance(f"host writer {index}"), [], [], 0
        self.place = tree / f"w{index}"
        self.place.mkdir()

    def run(self):
        for turn in range(self.turns):
            content = b"%d %d " % (self.index, turn) + self.chosen.randbytes(self.chosen.randrange(40000))
            (self.place / "beside").write_bytes(content)
            (self.place / "beside").rename(self.place / "content")
            process = self.host.start(self.tree, "checkpoint", f"w{self.index}", "--json")
            if self.deadly and turn % 4 == 3:
                time.sleep(self.chosen.random() * 0.08)
                process.kill()
            out, err = process.communicate(timeout=300)
            self.take(process.returncode, out, err, hashlib.sha256(content).hexdigest())

    def take(self, code, out, err, digest):
        try:
            report = json.loads(out)
        except ValueError:
            report = {}
        if report.get("type") == "checkpoint" and code in (0, -signal.SIGKILL):
            self.told.append((report["id"], report["number"], f"w{self.index}", digest))
        elif code == -signal.SIGKILL:
            self.killed += 1
        else:
            self.failures.append(f"writer {self.index} on {self.host.name}: exit {code}: {out[-300:]!r} {err[-300:]!r}")


def check_race(place, name, faults, collect):
    """Writers on two hosts, with forget and gc between them where they can be."""
    hosts, turns = [Host("alpha", place, faults), Host("beta", place, faults)], 5 * min(scale(), 5)
    tree = make(place, f"race-{name}", chance(name), hosts[0])
    hosts[0].run(tree, "checkpoint")
    writers = [Writer(tree, index, hosts[index % 2], turns, index >= 2) for index in range(4)]
    for writer in writers:
        writer.start()
    forgotten = set()
    while any(writer.is_alive() for writer in writers):
        if collect:
            old = sorted(number for writer in writers for _, number, _, _ in list(writer.told))[:-6]
            if fresh := [number for number in old if number not in forgotten][::2]:
                forgotten.update(fresh)
                hosts[1].run(tree, "forget", *map(str, fresh))
            hosts[1].run(tree, "gc", "--lock-timeout", "2m")
        time.sleep(0.05)
    for writer in writers:
        writer.join()
    if failures := [failure for writer in writers for failure in writer.failures]:
        raise Violation("; ".join(failures[:3]))
    told = [one for writer in writers for one in writer.told]
    if len({number for _, number, _, _ in told}) != len(told):
        raise Violation("a number was given twice")
    for identity, number, directory, digest in told:
        if number in forgotten:
            continue
        found = run(tree, "cat", f"{identity}:{directory}/content")
        if hashlib.sha256(found.out).hexdigest() != digest:
            raise Violation(f"checkpoint {number} of {directory} holds other bytes")
    expect_sound(tree, hosts[0])
    print(f"{name}: {len(told)} acknowledged, {len(forgotten)} forgotten, {sum(writer.killed for writer in writers)} killed", flush=True)
    return len(told)


def check_cron(place):
    """Runs that overlap, as cron starts them: none fails, none waits for long, nothing is lost."""
    hosts, chosen = [Host("alpha", place), Host("beta", place)], chance("cron")
    tree = make(place, "cron", chosen, hosts[0])
    hosts[0].run(tree, "checkpoint")
    hosts[0].run(tree, "config", "set", "keep.thin", "true")
    jobs = (("checkpoint", "--skip-if-unchanged"), ("checkpoint", "--skip-if-running", "--keep-policy"), ("forget", "--thin"), ("gc", "--auto", "--lock-timeout", "1m"), ("gc", "--lock-timeout", "1m"), ("verify", "--data"))
    count = 0
    for turn in range(4 * scale()):
        fill(tree, chosen, range(turn % 8))
        running = [(words, hosts[index % 2].start(tree, *words, "--json")) for index, words in enumerate(jobs * 2)]
        for words, process in running:
            out, err = process.communicate(timeout=300)
            # A verify beside gc may see a pack go; that is no damage, and it must say so by looking again.
            if process.returncode != 0:
                raise Violation(f"{' '.join(words)} beside others: exit {process.returncode}: {out[-400:]!r} {err[-400:]!r}")
            count += 1
    state = Walk(tree)
    expect_whole(place, tree, hosts[1], hosts[1].run(tree, "checkpoint")["id"], state, "after overlapping runs")
    return count


def test():
    parts = Parts("torture_two_hosts")
    with scratch("two-hosts") as name:
        place = pathlib.Path(name)
        try:
            check_means(place)
        except Exception as reason:  # a Skip of either module
            parts.skip("two hosts on one file system", str(reason))
            parts.end()
        parts.run("who has a lock is named, and keeps it however old it is", check_holder, place)
        parts.run("locks of the dead cost nothing", check_stale, place)
        parts.run("a restore that died on one host is ended on another", check_restore_dies, place)
        parts.run("a writer stands still, and gc waits for its lock", check_stopped_across_gc, place, "held", "")
        parts.run("a writer stands still across gc where locks lie", check_stopped_across_gc, place, "lying", AS_NFS)
        parts.run("a writer stands still for two days where locks lie", check_stopped_across_gc, place, "a day", AS_NFS)
        parts.run("without locks all goes on, and gc wants a promise", check_no_locks, place)
        parts.run("without links and renames that don't replace there is no repository", check_no_names, place)
        parts.run("writers on two hosts, locks that hold", check_race, place, "local", "", True, count="P11.hosts.acknowledged")
        parts.run("writers on two hosts without locks", check_race, place, "none", "no-locks,no-noreplace", False, count="P11.hosts.acknowledged")
        parts.run("writers on two hosts on what behaves like the worst NFS", check_race, place, "nfs", AS_NFS, True, count="P11.hosts.acknowledged")
        parts.run("writers on two hosts whose renames' answers get lost", check_race, place, "lost", "rename-answers-lost", True, count="P11.hosts.acknowledged")
        parts.run("runs of cron overlap", check_cron, place, count="P11.hosts.overlapping")
    parts.end()


if __name__ == "__main__":
    test()
