#!/usr/bin/python3
"""Reads a golden repository with the program and with the independent reader, and compares everything with its manifest.

check.py            the one in this directory, written when format 1 was new
check.py GENERATOR  one that GENERATOR writes now: today's writers must make the same roots of the same tree
"""

import base64
import os
import pathlib
import shutil
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path += [str(HERE.parent / name) for name in ("support", "torture", "reader")]

import census  # noqa: E402
import manifest  # noqa: E402
from abilities import Abilities, keeps_attributes  # noqa: E402
from support import Violation, run, run_json, scratch  # noqa: E402
from tap import Parts, Skip  # noqa: E402

READER = HERE.parent / "reader/metamori_reader.py"
NOBODY = 65534
DATA_SLACK = 256 << 10  # how much more than its data a file with holes may take on disk
DERIVED = {"cache", "locks", "tmp", "trash"}
VERDICTS = {1: "retried", 2: "prefix", 3: "torn", 4: "kept", 5: "unreadable", 6: "assumed"}


class Golden:
    """A copy of a golden repository in a tree of its own, with nothing in it yet."""

    def __init__(self, source, place, name):
        self.records = manifest.read(source / "manifest")
        self.source, self.place, self.tree = source / "repository", place, place / name
        self.tree.mkdir()
        shutil.copytree(self.source, self.tree / ".metamori")

    def with_trees(self):
        return [record for record in self.records.values() if record.has_tree]


def paths_of(entries):
    """Paths in JSON, as bytes."""
    return [base64.b64decode(entry["path_b64"]) if "path_b64" in entry else entry["path"].encode() for entry in entries]


def check_log(golden):
    """`log --all` tells all records that have a tree, as they were written."""
    told = {entry["number"]: entry for entry in run_json(golden.tree, "log", "--all")["checkpoints"]}
    expected = {record.number: record for record in golden.with_trees()}
    if told.keys() != expected.keys():
        raise Violation(f"log tells {sorted(told)}, expected {sorted(expected)}")
    for number, record in expected.items():
        found = told[number]
        mine = (found["id"], found["sha256"], found["line"] or "", found["safety"])
        if mine != (record.id, record.root, record.line, record.kind == "safety"):
            raise Violation(f"checkpoint {number}: {mine}")
    if (first := told[1]["meta"]) != {"Step": ["1", "one"], "Mesh": "coarse"} or told[1]["message"] != "the first\n\nof many":
        raise Violation(f"checkpoint 1: {first}, {told[1]['message']!r}")
    tags = [(tag["name"], tag["number"]) for tag in run_json(golden.tree, "tag")["tags"]]
    if tags != [("odd/name-ü%", 9), ("release/1.0", 1), ("second", 2)]:
        raise Violation(f"tags: {tags}")
    for revision, number in (("HEAD", 21), ("latest", 21), ("main-9", 21), ("main", 6), ("second~1", 1), ("@undo", 16), (":/image", 2)):
        if (found := run_json(golden.tree, "show", revision)["number"]) != number:
            raise Violation(f"{revision} is {found}, expected {number}")
    return len(told)


def check_show(golden):
    """`show` tells verdicts, scope, rules and image."""
    for record in golden.with_trees():
        found = run_json(golden.tree, "show", str(record.number))
        told = {path: value for value, word in VERDICTS.items() for path in paths_of(found[word])}
        if told != {path: value for path, (value, _) in record.verdicts.items()}:
            raise Violation(f"verdicts of checkpoint {record.number}: {told}")
    if (image := run_json(golden.tree, "show", "2")["image"]) != {"kind": "criu", "id": "image 7", "digest": "sha256:00ff"}:
        raise Violation(f"image: {image}")
    third = run_json(golden.tree, "show", "3")
    if paths_of(third["scope"]) != [b".metamoriignore", b"holes/huge", b"small"] or third["rules"] != "!cache/\n":
        raise Violation(f"scope and rules: {third['scope']}, {third['rules']!r}")
    return sum(len(record.verdicts) for record in golden.with_trees())


def check_listing(golden):
    """`ls -lR` tells every name with its owner, also where they can't be brought back."""
    words = {"file": "f", "directory": "d", "symlink": "l", "fifo": "p", "char_device": "c", "block_device": "b"}
    count = 0
    for record in golden.with_trees():
        entries = run_json(golden.tree, "ls", "-R", str(record.number))["entries"]
        for path, entry in zip(paths_of(entries), entries):
            node = record.nodes.get(path)
            if node is None:
                raise Violation(f"{path!r} is not in checkpoint {record.number}")
            time = f"{entry['mtime_unix']}.{entry['mtime_nanoseconds']:09}"
            mine = (words[entry["type"]], int(entry["mode"], 8), entry["uid"], entry["gid"], entry["user"], entry["group"], time)
            if mine != node[:7] or len(entry.get("attributes", [])) != len(node.attributes) or bool(entry.get("content_unknown")) != (node.content == "unknown"):
                raise Violation(f"{path!r} in checkpoint {record.number}: {entry}, expected {node}")
        if len(entries) != len(record.nodes) - 1:
            raise Violation(f"{len(entries)} names in checkpoint {record.number}, expected {len(record.nodes) - 1}")
        count += len(entries)
    return count


def compare_tree(record, target, abilities, by_program, what):
    nodes, links = manifest.directory_on_disk(os.fsencode(target))
    expected = abilities.expected(record.nodes, by_program)
    manifest.expect_equal(abilities.without_owners(nodes), expected, what)
    if links != sorted(sorted(group) for group in record.links):
        raise Violation(f"{what}: links {links}")
    for path, node in nodes.items():
        if path.startswith(b"holes/") and node.data > expected[path].data + DATA_SLACK:
            raise Violation(f"{what}: {path!r} takes {node.data} bytes, of which {expected[path].data} are no hole")
    return len(nodes)


def remove_tree(target):
    subprocess.run(["chmod", "-R", "u+rwX", target], check=True)
    shutil.rmtree(target)


def check_restores(golden, abilities, prefix=()):
    """`restore --to` brings every tree back."""
    target, count = golden.place / "out", 0
    words = ["--same-owner", "--special"] if abilities.owners else []
    for record in golden.with_trees():
        what = f"checkpoint {record.number} restored"
        done = run(golden.tree, "restore", str(record.number), "--to", str(target), "--json", *words, ok=(0, 3), prefix=prefix)
        warned = set(paths_of(done.json()["warnings"]))
        if unexpected := warned - abilities.excused(record.nodes):
            raise Violation(f"{what}: {done.json()['warnings']}: {unexpected}")
        if (done.code == 3) != bool(warned):
            raise Violation(f"{what}: exit {done.code} with warnings of {warned}")
        count += compare_tree(record, target, abilities, True, what)
        remove_tree(target)
    return count


def run_reader(*words, ok=(0,)):
    done = subprocess.run([sys.executable, "-B", str(READER), *map(str, words)], capture_output=True, text=True, errors="replace")
    if done.returncode not in ok:
        raise Violation(f"reader {words}: exit {done.returncode}: {done.stderr[-500:]}")
    return done.stdout


def check_reader(golden, abilities):
    """The independent reader finds the same."""
    if subprocess.run([sys.executable, "-c", "import zstandard, xxhash"], capture_output=True).returncode != 0:
        raise Skip("python3-zstandard or python3-xxhash is not installed")
    run_reader("verify", golden.tree)
    target, count = golden.place / "out", 0
    for record in golden.with_trees():
        run_reader("restore", golden.tree, record.number, target, ok=(0, 3))
        count += compare_tree(record, target, abilities, False, f"checkpoint {record.number} by the reader")
        remove_tree(target)
    return count


def files_of(top, without=()):
    """Bytes of every file below, by path."""
    files = (path for path in sorted(top.rglob("*")) if path.is_file() and path.relative_to(top).parts[0] not in without)
    return {str(path.relative_to(top)): path.read_bytes() for path in files}


def expect_untouched(source, found, without=()):
    """Nothing but what `without` names was changed, made or removed."""
    before, after = files_of(source, without), files_of(found, without)
    if different := sorted({path for path, _ in before.items() ^ after.items()}):
        raise Violation(f"changed by looking: {different}")
    return len(before)


def check_features(golden):
    """The reader finds everything the repository was made to hold."""
    if missing := census.missing(golden.tree):
        raise Violation(f"not enough of these: {missing}")
    return len(census.WANTED)


def check_verify(golden):
    report = run_json(golden.tree, "verify", "--data", ok=(0, 13))
    if not report["ok"]:
        raise Violation(f"verify: {report['problems']}")
    return report["chunks"]


def check_read_only(golden, abilities):
    """A user who may not write gets the same answers, and not one byte, name or mode of the repository changes."""
    repository = golden.tree / ".metamori"
    prefix = ()
    if os.geteuid() == 0:
        if not shutil.which("setpriv"):
            raise Skip("no setpriv")
        prefix = ("setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups")
        golden.place.chmod(0o755)
        subprocess.run(["chown", "-R", f"{NOBODY}:{NOBODY}", golden.tree], check=True)
    subprocess.run(["chmod", "-R", "a-w", golden.tree], check=True)
    before = manifest.directory_on_disk(os.fsencode(repository))
    looks = (("log", "--all", "--stat"), ("show", "2"), ("status",), ("ls", "-lR", "1"), ("cat", "1:data/log"), ("diff", "1", "2"), ("diff",), ("tag",), ("verify", "--data"))
    for words in looks:
        run(golden.tree, *words, prefix=prefix)
    for words in (("checkpoint",), ("tag", "new", "1"), ("restore", "1")):
        run(golden.tree, *words, ok=(16,), prefix=prefix)
    out = golden.place / "of-nobody"
    out.mkdir()
    out.chmod(0o777)
    run(golden.tree, "restore", "1", "--to", str(out / "tree"), ok=(0, 3), prefix=prefix)
    log = (out / "tree/data/log").read_bytes()
    if log != run(golden.tree, "cat", "1:data/log", prefix=prefix).out:
        raise Violation("restored other bytes")
    if manifest.directory_on_disk(os.fsencode(repository)) != before:
        raise Violation("looking changed names, modes, times or content")
    return expect_untouched(golden.source, repository)


def check_goes_on(golden, abilities):
    """This version goes on with the repository: it restores in place, undoes, takes checkpoints, and what was there stays as it was."""
    words = ["--same-owner", "--special"] if abilities.owners else []
    report = run_json(golden.tree, "restore", "2", *words, ok=(0, 3))
    if report["number"] != 2 or not report["head_moved"]:
        raise Violation(f"restore: {report}")
    compare_tree(golden.records[2], golden.tree, abilities, True, "restored in place")
    (golden.tree / "data/log").write_bytes(b"written by a later version")
    taken = run_json(golden.tree, "checkpoint", "-m", "later", ok=(0, 3))
    if taken["parents"] != [golden.records[2].id] or not taken["line"].startswith("main-"):
        raise Violation(f"checkpoint: {taken}")
    if run(golden.tree, "cat", f"{taken['number']}:data/log").out != b"written by a later version":
        raise Violation("the new checkpoint holds other bytes")
    check_verify(golden)
    check_restores(golden, abilities)
    mine, theirs = files_of(golden.source, DERIVED), files_of(golden.tree / ".metamori", DERIVED)
    if different := [path for path, data in mine.items() if theirs.get(path) != data]:
        raise Violation(f"packs and records are never overwritten, but: {different}")
    return taken["number"]


def check_unfinished(golden, abilities, ending, expected):
    """A restore that an older version left unfinished is told of, stops the next checkpoint, and can be ended by this one, though the tree is
    a copy, without what was staged."""
    if not run_json(golden.tree, "status")["restore_pending"]:
        raise Violation("nothing is pending")
    run(golden.tree, "checkpoint", ok=(16,))
    check_verify(golden)
    check_restores(golden, abilities)
    words = ["--same-owner"] if abilities.owners else []
    elsewhere = golden.place / f"before{ending}"
    run(golden.tree, "restore", "2", "--to", str(elsewhere), *words)
    for name in os.listdir(elsewhere):
        os.rename(elsewhere / name, golden.tree / name)
    run(golden.tree, "recover", ending, ok=(0, 3))
    nodes, _ = manifest.directory_on_disk(os.fsencode(golden.tree))
    wanted = abilities.expected(golden.records[expected].nodes, True)
    for each in (nodes, wanted):
        del each[b""]
    manifest.expect_equal(abilities.without_owners(nodes), wanted, f"recover {ending}")
    if run_json(golden.tree, "status")["restore_pending"]:
        raise Violation("still pending")
    return len(nodes)


def check_roots(golden):
    """Equal trees have equal roots, whichever version took the checkpoint."""
    old = manifest.read(HERE / "manifest")
    if different := [number for number, record in golden.records.items() if record.root != old[number].root]:
        raise Violation(f"other roots than in the committed repository: records {different}")
    return len(golden.records)


def generated(place):
    """The directory to be checked, and the test's name."""
    if len(sys.argv) < 2:
        return HERE, "golden"
    made = place / "made"
    made.mkdir()
    subprocess.run([sys.argv[1], made], check=True, timeout=600)
    return made, "golden_fresh"


def test():
    with scratch("golden", in_memory=keeps_attributes("/dev/shm")) as name:
        place = pathlib.Path(name)
        source, test_name = generated(place)
        abilities, parts = Abilities(place), Parts(test_name)
        golden = Golden(source, place, "tree")
        parts.run("it holds every feature of the format", check_features, golden, count="P16.features")
        parts.run("verify --data finds it sound", check_verify, golden)
        parts.run("log, tag and revisions tell every record", check_log, golden)
        parts.run("show tells verdicts, scope, rules and image", check_show, golden)
        parts.run("ls tells every entry", check_listing, golden, count="P16.listed")
        parts.run("restore --to brings every tree back", check_restores, golden, abilities, count="P16.restored")
        parts.run("the independent reader brings every tree back", check_reader, golden, abilities, count="P16.restored-by-reader")
        parts.run("looking changed nothing but caches", expect_untouched, golden.source, golden.tree / ".metamori", DERIVED)
        parts.run("read-only it is read without changing a byte", check_read_only, Golden(source, place, "read-only"), abilities)
        parts.run("this version goes on with it", check_goes_on, Golden(source, place, "going-on"), abilities)
        for ending, expected in (("--abort", 2), ("--force", 1)):
            unfinished = Golden(source / "unfinished", place, f"unfinished{ending}")
            parts.run(f"a restore left unfinished is ended by recover {ending}", check_unfinished, unfinished, abilities, ending, expected)
        if source != HERE:
            parts.run("today's writers make the same roots", check_roots, golden)
        for left_out in abilities.left_out():
            parts.skip(left_out, "this user or file system can't bring them back")
    parts.end()


if __name__ == "__main__":
    if not os.environ.get("METAMORI"):
        sys.exit("METAMORI names the program under test")
    test()
