"""What every command prints, form by form, and what everything that can be wrong looks like. A new command needs a row in COMMANDS.

A case is the words of a run in a world (contract_worlds.py) and what must come out: `data` is a pattern that each line of standard output has to be
like as a whole, `notes` the same for standard error; empty: there is nothing. `quiet` and `quiet_notes` say it for -q, `verbose` for -v; colours,
another locale, --json and --json-lines are tried, too. `raw`: with -z, records that are among those printed.
"""

import contextlib
import dataclasses
import hashlib
import os
import re
import shutil
import subprocess
import typing

import contract_worlds as worlds
from contract_schema import bytes_of
from contract_worlds import DASH, INVALID, LONG, NEWLINE

# Pieces of lines.
WORD = r"(?:[^\s'$\\]|\\'|'[^']*'|\$'(?:[^'\\]|\\.)*')+"
SIZE = r"\d[\d.]* (?:B|[KMGT]iB)"
SECONDS = r"[\d.]+ (?:s|min \d\d s)"
TIME = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d\d:\d\d"
NAME = r"\d+ [0-9a-f]{8}"
MARKS = r"(?: \([^)]+(?:\([^)]*\))?[^)]*\))?"
COUNTS = r"(?:nothing changed|\d+ (?:added|removed|modified|with new metadata|renamed)(?:, \d+ (?:removed|modified|with new metadata|renamed))*)"
MOVED = rf"(?:{WORD} -> )?{WORD}"
SIZES = r"(?:  \([^()]+\))?"
CHANGE = rf"[ADMmR] {MOVED}{SIZES}"
STAT = rf" {MOVED} +\|  *(?:{SIZE}|removed|added|renamed|metadata|modified)(?: \++)?| {COUNTS}; {SIZE}"
NESTED = rf"skipped {WORD}: a repository of its own"
SAVED = rf"\d+ paths? that the checkpoint lacks stays?|what was there before is safety checkpoint {NAME}; 'metamori undo' brings it back"
RESTORED = rf"remove   {WORD}|restored checkpoint {NAME}(?: to {WORD})?: \d+ written \({SIZE}\), \d+ removed, \d+ unchanged, {SECONDS}"
ACTION = rf"(?:create|replace|rewrite|metadata|remove) +{WORD}"
TORN = rf"metamori: warning: {WORD}: torn in checkpoint \d+, a mixture perhaps of what it was from moment to moment; checkpoint {NAME} has it whole: 'metamori restore 1 {WORD}'"
FALLEN_BACK = r"metamori: warning: checkpoint \d+ is (?:damaged and was passed over: .+|taken instead)"
FORGOTTEN = rf"(?:keep  |forget|back  ) +{NAME}  {TIME}  .+|\d+ checkpoints? (?:brought back|(?:would be )?forgotten, \d+ kept.*)|gc would then free about {SIZE}"
CHECKPOINTED = rf"checkpoint {NAME} \({WORD}\): \d+ files? changed(?:, \d+ removed)?, {SIZE} new of {SIZE}, {SECONDS}"
COPIED = rf"copy      +\d+ -> +(?:\d+|-)  [0-9a-f]{{8}}  {TIME}  .*|\d+ checkpoints? (?:would be )?copied.*; \d+ chunks?, {SIZE} (?:added|to read)"
MISSING = r"metamori: error: (?:chunk [0-9a-f]{64} can't be read: )?chunk [0-9a-f]{64} is missing: no pack holds it|hint: 'metamori verify' tells which checkpoints are affected; the others can still be restored"
PASSED_OVER = r"metamori: warning: record 1 is damaged and was passed over; 'metamori verify' tells what is affected"
PENDING = r"metamori: warning: an interrupted restore waits here: 'metamori recover' finishes it, 'metamori recover --abort' takes it back"


@dataclasses.dataclass
class Case:
    words: tuple
    code: int = 0
    world: str = "hostile"
    data: str | None = ""
    notes: str | None = ""
    quiet: str | None = ""
    quiet_notes: str | None = ""
    verbose: str | None = None  # as data
    raw: tuple = ()
    is_content: bool = False  # what is printed is the user's
    changes: bool = False  # it needs a world of its own
    prefix: typing.Callable = tuple  # what runs the program
    stdin: bytes = b""
    json: typing.Callable | bool | None = None  # what must hold of the report; False: JSON is refused
    json_notes: str | None = ""


@dataclasses.dataclass
class Command:
    words: tuple  # that work in the plain world
    cases: list
    is_everywhere: bool = False  # it needs no repository
    changes: bool = False  # it changes the repository or the tree
    foreign_codes: frozenset = frozenset()  # that are another program's
    unseen_codes: frozenset = frozenset()  # that can't be brought about here


def paths(report, member="changes"):
    return {bytes_of(each) for each in report[member]}


HOSTILE_CHANGES = {NEWLINE, DASH, b"again" + INVALID, b"added" + INVALID, b"it's"}
SLOW_LOCK = frozenset({11})  # the rules are waited for some seconds; terminal.py does
PATH_LIST = b"\0".join([NEWLINE, INVALID, b"d" + DASH]) + b"\0"

COMMANDS = {
    "init": Command(
        ("init", "sub", "--exist-ok"),
        [
            Case(("init", b"new\n" + INVALID), data=rf"repository {WORD} for the tree {WORD}", changes=True, json=lambda r: bytes_of(r["tree"]).endswith(b"/new\n" + INVALID)),
            Case(("init", "sub", "--repo-dir", b"at" + INVALID), data=rf"repository {WORD} for the tree {WORD}", changes=True),
        ],
        is_everywhere=True,
        changes=True,
        unseen_codes=frozenset({14}),  # a file system that lacks what is needed
    ),
    "track": Command(
        ("track", "*.x"),
        [
            Case(("track", b"*" + INVALID, "a b"), notes=r"from now on only what the rules name is tracked \('metamori track --list' shows them\)", changes=True, json=lambda r: r["first"]),
            Case(("track", "--list"), data=None, quiet=None, json=lambda r: r["rules"] == []),
        ],
        changes=True,
        unseen_codes=SLOW_LOCK,
    ),
    "untrack": Command(
        ("untrack", "*.x"),
        [
            Case(("untrack", b"*" + INVALID), changes=True, json=lambda r: bytes_of(r["rules"][0], "rule") == b"!*" + INVALID),
            Case(("untrack", "--list"), data=None, quiet=None),
        ],
        changes=True,
        unseen_codes=SLOW_LOCK,
    ),
    "checkpoint": Command(
        ("checkpoint",),
        [
            Case(("checkpoint", "-m", "new\nline \x1b[2J", "--tag", "t"), data=CHECKPOINTED, notes=NESTED, quiet="[0-9a-f]{40}", changes=True, json=lambda r: r["created"] and r["number"] == 4 and r["files_removed"] == 2),
            Case(("checkpoint", "-n"), data=rf"dry run: \d+ files? changed, \d+ removed, {SIZE} read, {SECONDS}", notes=NESTED, quiet="[0-9a-f]{40}", json=lambda r: not r["created"] and r["files_removed"] == 2 and len(r["skipped_sockets"]) == 1),
            Case(("checkpoint", "-n"), world="empty", data=rf"dry run: 0 files changed, {SIZE} read, {SECONDS}", json=lambda r: r["id"] is None and r["number"] is None),
            Case(("checkpoint", "--paths-from0", "-"), data=CHECKPOINTED, quiet="[0-9a-f]{40}", changes=True, stdin=PATH_LIST),
            Case(("checkpoint", "--skip-if-unchanged"), world="clean", data=rf"nothing changed since checkpoint {NAME} \({WORD}\), {SECONDS}", quiet="[0-9a-f]{40}", json=lambda r: not r["created"]),
            Case(("checkpoint",), 3, world="torn", prefix=worlds.powerless, data=CHECKPOINTED, notes=rf"metamori: warning: unreadable: {WORD}: .+", quiet="[0-9a-f]{40}", quiet_notes=rf"metamori: warning: unreadable: {WORD}: .+", changes=True, json=lambda r: paths(r, "unreadable") == {b"locked" + INVALID}),
        ],
        changes=True,
    ),
    "stage": Command(
        ("stage",),
        [Case(("stage",), data=rf"stored for the next checkpoint: \d+ files?, {SIZE} new, {SECONDS}", changes=True, json=lambda r: r["bytes_added"] > 0)],
        changes=True,
    ),
    "watch": Command(
        ("watch", "--", "true"),
        [
            Case(("watch", "--", "echo", "hi"), data="hi", notes=rf"{NESTED}|metamori: {CHECKPOINTED} \(exit 0\)", quiet="hi", changes=True, json=lambda r: r["checkpoints"][0]["number"] == 4, json_notes="hi"),
            Case(("watch", "--", "sh", "-c", "exit 7"), 7, world="clean", json=lambda r: r["exit_code"] == 7 and r["checkpoints"] == []),
            Case(("watch", "--", "true"), world="pending", notes=rf"{PENDING}|metamori: warning: no checkpoint .+|metamori: hint: .+", quiet_notes=rf"{PENDING}|metamori: warning: no checkpoint .+", json=lambda r: r["failures"][0]["kind"] == "refused", json_notes=rf"{PENDING}|metamori: warning: no checkpoint .+"),
            Case(("watch", "--", b"no/such" + INVALID), 127, notes=rf"metamori: warning: start {WORD}: No such file or directory", quiet_notes=rf"metamori: warning: start {WORD}: No such file or directory", json=lambda r: r["failures"][0]["reason"] == "start"),
        ],
        foreign_codes=frozenset({7, 127}),  # of the job
        changes=True,
    ),
    "status": Command(
        ("status",),
        [
            Case(("status",), data=rf"since checkpoint {NAME} \(main\):|  \w+ +{MOVED}{SIZES}|{COUNTS}", quiet=rf"  \w+ +{MOVED}{SIZES}", json=lambda r: paths(r) == HOSTILE_CHANGES and r["head"]["number"] == 3),
            Case(("status",), world="empty", data="no checkpoint yet:|nothing changed", json=lambda r: r["head"] is None),
            Case(("status", "--porcelain"), data=rf"[ADMmR] {MOVED}", quiet=rf"[ADMmR] {MOVED}"),
            Case(("status", "-z"), raw=(b"M " + NEWLINE, b"D " + DASH, b"A added" + INVALID, b"R again" + INVALID, b"new" + INVALID, b"m it's")),
            Case(("status",), world="pending", data=rf"an interrupted restore waits: .*|since checkpoint {NAME} \(main\):|  \w+ +{MOVED}{SIZES}|{COUNTS}", quiet=rf"an interrupted restore waits: .*|  \w+ +{MOVED}{SIZES}", json=lambda r: r["restore_pending"]),
            Case(("status",), 3, world="torn", prefix=worlds.powerless, data=None, notes=f"metamori: warning: unreadable: {WORD}", quiet=None, quiet_notes=f"metamori: warning: unreadable: {WORD}", json=lambda r: paths(r, "unreadable") == {b"locked" + INVALID}),
        ],
    ),
    "restore": Command(
        ("restore", "2"),
        [
            Case(("restore", "1"), data=RESTORED, notes=SAVED, changes=True, verbose=rf"{RESTORED}|{ACTION}", json=lambda r: paths(r, "actions") >= {DASH, LONG, INVALID} and r["saved_as"]),
            Case(("restore", "1", "--delete", "-n"), data=rf"{ACTION}|dry run: checkpoint {NAME} would write \d+ \({SIZE}\), remove \d+, leave \d+ unchanged", quiet=ACTION, json=lambda r: b"added" + INVALID in paths(r, "actions")),
            Case(("restore", "1", "--to", b"../to\n" + INVALID), data=RESTORED, changes=True, json=lambda r: bytes_of(r["target"]).endswith(b"to\n" + INVALID)),
            Case(("restore", "1", "--no-save", "--force"), data=RESTORED, notes=r"\d+ paths? that the checkpoint lacks stays?|no safety checkpoint was made \(--no-save\): this can't be undone", changes=True, verbose=rf"{RESTORED}|{ACTION}"),
            Case(("restore", "nosuch", "--if-exists"), notes="no checkpoint nosuch: nothing restored", json=lambda r: r["id"] is None and r["number"] is None),
            Case(("restore", "2", "--to", "../fallen", "--fallback"), 3, world="damaged", data=RESTORED, notes=FALLEN_BACK, quiet_notes=FALLEN_BACK, changes=True, json=lambda r: [each["number"] for each in r["passed_over"]] == [2] and r["number"] == 1 and len(r["warnings"]) == 2),
            Case(("restore", "HEAD", "-n", "--to", "../sunk", "--fallback"), 3, world="sunk", data=rf"{ACTION}|dry run: .+", quiet=ACTION, notes=FALLEN_BACK, quiet_notes=FALLEN_BACK, json=lambda r: r["passed_over"] == [{"id": None, "number": 3}] and r["number"] == 2),
            Case(("restore", "HEAD"), world="busy", data=RESTORED, notes=rf"{TORN}|{SAVED}", quiet_notes=TORN, changes=True, verbose=rf"{RESTORED}|{ACTION}", json=lambda r: paths(r, "torn") == {b"busy" + INVALID} and r["torn"][0]["last_clean"]["number"] == 1),
            Case(("restore", "1", "--to", "../other"), 3, world="special", data=RESTORED, notes=rf"metamori: warning: {WORD}: .+", quiet_notes=rf"metamori: warning: {WORD}: .+", changes=True, json=lambda r: len(r["warnings"]) > 0),
        ],
        changes=True,
    ),
    "undo": Command(
        ("undo",),
        [
            Case(("undo",), world="plain", data=RESTORED, notes=SAVED, changes=True, verbose=rf"{RESTORED}|{ACTION}"),
            Case(("undo",), world="forgotten", data=FORGOTTEN, changes=True, json=lambda r: r["brought_back"]),
            Case(("undo", "-n"), world="plain", data=rf"{ACTION}|dry run: .+", quiet=ACTION, json=lambda r: r["dry_run"] and r["saved_as"] is None),
        ],
        changes=True,
        unseen_codes=frozenset({3}),
    ),
    "log": Command(
        ("log",),
        [
            Case(("log",), data=rf"checkpoint {NAME}{MARKS}|(?:Date|Meta|Size):   .+|    .+|", quiet=None, json=lambda r: [each["number"] for each in r["checkpoints"]] == [3, 2, 1] and r["checkpoints"][2]["meta"]["step"] == ["1", "2"]),
            Case(("log", "--oneline", "--graph", "--all"), data=rf"[*o|\\/ ]+(?: {NAME}{MARKS}(?: .+)?)?", quiet=None),
            Case(("log", "--stat", "--", INVALID), data=rf"checkpoint {NAME}{MARKS}|(?:Date|Meta|Size|Path):   .+|    .+||{STAT}", quiet=None, json=lambda r: all(bytes_of(c["paths"][0]) == INVALID for c in r["checkpoints"])),
            Case(("log", "--stat", "--oneline"), data=rf"{NAME}{MARKS}(?: .+)?|{STAT}", quiet=None, json=lambda r: "diff" in r["checkpoints"][0] and "diff" not in r["checkpoints"][2]),
            Case(("log", "-z", "--format=%#"), raw=(b"3", b"2", b"1"), json=False),
            Case(("log",), world="empty"),
            Case(("log", "--all", "--oneline"), 13, world="headless", data=rf"{NAME}{MARKS}(?: .+)?", notes=PASSED_OVER, quiet=None, quiet_notes=PASSED_OVER, json=lambda r: r["damaged"] == [1], json_notes=PASSED_OVER),
            Case(("log", "--", b"moved" + NEWLINE), data=None, quiet=None, json=lambda r: bytes_of(r["checkpoints"][1]["paths"][0], "from") == b"large"),
        ],
    ),
    "show": Command(
        ("show", "2"),
        [
            Case(("show", "2"), data=rf"checkpoint \d+ [0-9a-f]{{40}}{MARKS}|(?:Short|SHA-256|Parent|Author|Date|Scan|Meta|Size):? +.+|    .+||{STAT}", quiet=None, json=lambda r: b"new" + INVALID in paths(r["diff"])),
            Case(("show",), data=None, quiet=None, json=lambda r: r["number"] == 3 and "node" not in r),
            Case(("show", b"2:link" + INVALID), data=r"(?:Path|Type|Mode|Owner|Date|Size|Target): +.+", quiet=None, json=lambda r: bytes_of(r["node"], "target") == INVALID + b"/target"),
            Case(("show", b"1:hard" + INVALID), data=r"(?:Path|Type|Mode|Owner|Date|Size|Link to): +.+", quiet=None, json=lambda r: bytes_of(r["node"], "linked_to") == INVALID),
            Case(("show", "2"), 13, world="headless", data=None, notes=r"metamori: warning: what it changed can't be told: .*checkpoints/1 is damaged.*", quiet=None, quiet_notes=None, json=lambda r: "diff" not in r, json_notes=None),
        ],
    ),
    "diff": Command(
        ("diff",),
        [
            Case(("diff",), data=CHANGE, quiet=CHANGE, json=lambda r: paths(r) == HOSTILE_CHANGES and r["to"] is None),
            Case(("diff", "--exit-code", "1", "2"), 4, data=CHANGE, quiet=CHANGE, json=lambda r: [bytes_of(c, "from") for c in r["changes"] if "from" in c] == [b"large"]),
            Case(("diff", "--stat"), data=STAT, quiet=STAT),
            Case(("diff", "--ranges", "2", "3"), data=rf"{CHANGE}|    offset \d+, \d+ bytes?", quiet=None, json=lambda r: r["changes"][0]["ranges"] == [{"offset": 500000, "length": 15}]),
            Case(("diff", "--name-status", "--", INVALID, DASH), data=rf"[ADMmR]\t{WORD}", quiet=rf"[ADMmR]\t{WORD}"),
            Case(("diff", "--name-status", "-z"), raw=(b"M", NEWLINE, DASH, b"new" + INVALID, b"again" + INVALID)),
            Case(("diff",), 3, world="torn", prefix=worlds.powerless, data=None, notes=f"metamori: warning: unreadable: {WORD}", quiet=None, quiet_notes=f"metamori: warning: unreadable: {WORD}"),
            Case(("diff", "1", "2"), world="retyped", data=rf"{CHANGE}", quiet=CHANGE, json=lambda r: r["changes"][0]["type_changed"]),
        ],
    ),
    "find": Command(
        ("find", "*"),
        [
            Case(("find", b"*" + INVALID), data=rf"{WORD}|  +{NAME}  {TIME}  \w+ +(?: +{SIZE})?(?: +in [\d., ]+)?", quiet=WORD, json=lambda r: b"new" + INVALID in paths(r, "paths")),
            Case(("find", "--oneline", "*"), data=rf"{WORD}  [\d., ]+, \d+ versions?", quiet=WORD),
            Case(("find", "-z", "*"), raw=(NEWLINE, INVALID, DASH, LONG)),
            Case(("find", "nosuch"), notes="nothing matches in 3 checkpoints", json=lambda r: r["paths"] == []),
        ],
    ),
    "ls": Command(
        ("ls", "2"),
        [
            Case(("ls",), data=WORD, quiet=WORD, json=lambda r: paths(r, "entries") >= {NEWLINE, INVALID, DASH}),
            Case(("ls", "-lR", "1"), data=rf"[-dlp][-rwxsStT]{{9}}[ +] \S+ +\S+ +{SIZE} {TIME} {MOVED}", quiet=None, json=lambda r: LONG in paths(r, "entries")),
            Case(("ls", "-z", b"1:d" + INVALID), raw=(b"deep",)),
            Case(("ls", "-l"), world="special", data=None, quiet=None, json=lambda r: {e["type"] for e in r["entries"]} >= {"char_device"}),
            Case(("ls", "-R", "2"), 13, world="holed", data=WORD, notes=MISSING, quiet=WORD, quiet_notes=MISSING, json=lambda r: r["error"]["kind"] == "corrupt" and r["entries"]),
            Case(("ls", "-l"), world="unread", data=rf"---------- +\S+ +\S+ +\? {TIME} {WORD}", quiet=None, json=lambda r: r["entries"][0]["content_unknown"]),
        ],
    ),
    "cat": Command(
        ("cat", "2:big"),
        [
            Case(("cat", b"1:" + INVALID), is_content=True, json=lambda r: bytes_of(r, "content") == INVALID * 2 and bytes_of(r) == INVALID),
            Case(("cat", "1:large", "--offset", "1M"), is_content=True, json=lambda r: r["length"] == 0),
            Case(("cat", "2:file"), 13, world="holed", is_content=True, notes=MISSING, json=lambda r: r["error"]["hint"] and 0 < r["length"] < 12 << 20),
        ],
    ),
    "stats": Command(
        ("stats",),
        [
            Case(("stats",), data=r"(?:Checkpoints|Files|Structure|Ratios|Packs|Records|Unused): +.+", quiet=None, json=lambda r: r["checkpoints"] == 3),
            Case(("stats", b"1:d" + INVALID), data=rf"checkpoint {NAME}, {WORD}|(?:Whole|Only here): +.+", quiet=None, json=lambda r: bytes_of(r["checkpoint"]) == b"d" + INVALID),
            Case(("stats", "--by-path", "--by-checkpoint"), data=rf" *{SIZE}  +{SIZE}  (?:{NAME}{MARKS}(?: .+)?| +\d+  {WORD})| +[A-Z ]+|", quiet=rf" *{SIZE}  +{SIZE}  (?:{NAME}{MARKS}(?: .+)?| +\d+  {WORD})", json=lambda r: paths(r, "by_path") >= {INVALID, LONG} and r["by_checkpoint"][0]["number"] == 3),
        ],
    ),
    "tag": Command(
        ("tag", "x", "2", "--force"),
        [
            Case(("tag", "new", "2"), data=rf"new is checkpoint {NAME}", changes=True, json=lambda r: r["created"]["number"] == 2),
            Case(("tag",), data=rf"{WORD} +{NAME} .+", quiet=WORD, json=lambda r: r["tags"][0]["name"] == "ünï"),
            Case(("tag", "-d", "ünï"), data=rf"{WORD} is no more", changes=True, json=lambda r: r["removed"]["name"] == "ünï"),
        ],
        changes=True,
    ),
    "forget": Command(
        ("forget", "2"),
        [
            Case(("forget", "1", "2"), data=FORGOTTEN, notes="'metamori undo' takes this back until 'metamori gc' gives the space back", changes=True, json=lambda r: r["forgotten"] == 2),
            Case(("forget", "--keep-last", "1", "-n"), data=FORGOTTEN, json=lambda r: r["dry_run"] and [c["kept"] for c in r["checkpoints"]] == [True, False, False]),
        ],
        changes=True,
        unseen_codes=frozenset({11, 15}),  # a gc is waited for for minutes; on a full disk the cache makes room
    ),
    "pin": Command(
        ("pin", "2"),
        [
            Case(("pin", "2", "1"), data=rf"pinned: {NAME} .+", changes=True, json=lambda r: [c["number"] for c in r["created"]] == [2, 1]),
            Case(("pin", "--remove", "1"), world="forgotten", data=rf"no longer pinned: {NAME} .*", changes=True, json=lambda r: r["removed"][0]["number"] == 1),
            Case(("pin",), world="forgotten", data=rf"{NAME} .*", quiet=rf"{NAME} .*", json=lambda r: r["pinned"][0]["number"] == 1),
        ],
        changes=True,
        unseen_codes=frozenset({11}),  # a gc is waited for for minutes
    ),
    "gc": Command(
        ("gc",),
        [
            Case(("gc", "-n"), data=rf"{SIZE} (?:would be )?freed: .+|\d+ checkpoints? .+ for good|{SIZE} in trash/.+", json=lambda r: r["dry_run"]),
            Case(("gc",), world="forgotten", data=rf"{SIZE} (?:would be )?freed: .+|\d+ checkpoints? .+ for good|{SIZE} in trash/.+", changes=True, json=lambda r: r["checkpoints_released"] >= 1),
            Case(("gc", "--auto"), data="there is little to do yet", changes=True, json=lambda r: not r["was_needed"]),
        ],
        changes=True,
        unseen_codes=frozenset({15}),  # on a full disk the cache makes room
    ),
    "copy": Command(
        ("copy", "--init", "../other"),
        [
            Case(("copy", "--init", b"../other" + INVALID), data=COPIED, changes=True, json=lambda r: r["copied"] == 3 and [c["number_there"] for c in r["checkpoints"]] == [1, 2, 3]),
            Case(("copy", "--init", "../other", "1..HEAD"), data=COPIED, changes=True, json=lambda r: r["ancestors"] == 1 and r["copied"] == 2),
        ],
        changes=True,
        unseen_codes=frozenset({11, 16}),  # a gc is waited for for minutes; keeping.bats has a restore that is pending there
    ),
    "export": Command(
        ("export", "1", "-o", "../out.tar"),
        [
            Case(("export", "1", "-o", b"../out" + INVALID), data=rf"exported checkpoint {NAME} to {WORD}: \d+ names, {SIZE}, {SECONDS}", changes=True, json=lambda r: bytes_of(r, "file") == b"../out" + INVALID and r["entries"] > 20),
            Case(("export", "1", "-o", "../out"), 3, world="unread", data=rf"exported checkpoint {NAME} to {WORD}: .+", notes=rf"metamori: warning: {WORD}: its content is not known: .+", quiet_notes=rf"metamori: warning: {WORD}: its content is not known: .+", changes=True, json=lambda r: len(r["warnings"]) == 1),
            Case(("export", "1"), world="clean", is_content=True, json=False),
        ],
        changes=True,
    ),
    "import": Command(
        ("import", worlds.archive_file("a")),
        [
            Case(("import", "-"), data=rf"imported as checkpoint {NAME} \({WORD}\): 1 file of {SIZE}, {SIZE} added, {SECONDS}", quiet="[0-9a-f]{40}", changes=True, stdin=worlds.tar_of("a"), json=lambda r: r["number"] == 4),
            Case(("import", "-", "--tag", "t"), 3, data=rf"imported as .+", notes=rf"metamori: warning: {WORD}: left out: a name that belongs to repositories", quiet="[0-9a-f]{40}", quiet_notes=rf"metamori: warning: {WORD}: left out: a name that belongs to repositories", changes=True, stdin=worlds.tar_of("a", ".metamori/x"), json=lambda r: r["tags"] == ["t"] and len(r["warnings"]) == 1),
        ],
        changes=True,
        unseen_codes=frozenset({11}),  # a gc is waited for for minutes
    ),
    "recover": Command(
        ("recover",),
        [
            Case(("recover",), data="no interrupted restore: nothing to do", json=lambda r: not r["was_pending"]),
            Case(("recover",), world="pending", data=r"the interrupted restore is (?:finished|taken back): \d+ paths?", changes=True, json=lambda r: r["was_pending"]),
            Case(("recover", "--abort"), world="pending", data=r"the interrupted restore is taken back: \d+ paths?", changes=True, json=lambda r: not r["finished"]),
        ],
        changes=True,
        unseen_codes=frozenset({3, 13, 15}),
    ),
    "verify": Command(
        ("verify",),
        [
            Case(("verify",), data=rf"sound: 3 checkpoints, \d+ packs, \d+ chunks, content not read \(--data does\), {SECONDS}", json=lambda r: r["ok"]),
            Case(("verify", "--data=5%"), data=rf"sound: 3 checkpoints, \d+ packs, \d+ chunks, {SIZE} read and compared, {SECONDS}", changes=True, json=lambda r: r["is_complete"] and r["checked_bytes"]),
            Case(("verify", "--data", "--max-time", "0s"), data=rf"sound: 3 checkpoints, \d+ packs, \d+ chunks, 0 B read and compared, {SECONDS}|the time was over before all content was read; .+", changes=True, json=lambda r: not r["is_complete"]),
            Case(("verify", "--data"), 13, world="damaged", data=rf"\w+ {WORD}: .+|    affects checkpoint {NAME}|\d+ problems?: .+", notes="'metamori repair -n' tells what can be mended", quiet=rf"\w+ {WORD}: .+|    affects checkpoint {NAME}", json=lambda r: r["problems"][0]["affects"]),
        ],
    ),
    "repair": Command(
        ("repair",),
        [
            Case(("repair", "-n"), data=rf"sound: nothing to mend, {SECONDS}", json=lambda r: r["ok"] and r["dry_run"] and not r["actions"]),
            Case(("repair", "-n"), world="damaged", data=rf"\w+ {WORD}: .+|would be mended, .+", json=lambda r: r["ok"] and r["actions"][0]["kind"] and r["chunks_healed"] == 1),
            Case(("repair",), world="damaged", changes=True, data=rf"\w+ {WORD}: .+|what was damaged is in {WORD}; .+|mended, \d+ chunks? salvaged, 1 chunk healed, {SECONDS}", json=lambda r: r["ok"] and r["quarantine"] and r["files_quarantined"] == 1),
            Case(("repair",), 13, world="lost", changes=True, data=rf"\w+ {WORD}: .+|    affects checkpoint .+|1 problem remains, .+", quiet=rf"\w+ {WORD}: .+|    affects checkpoint .+", json=lambda r: r["remaining"][0]["kind"] == "record"),
        ],
        changes=True,
        unseen_codes=frozenset({15}),  # nothing is written where all is sound
    ),
    "config": Command(
        ("config", "list"),
        [
            Case(("config", "list", "--all"), data=r"[\w.-]+ = .*", quiet=None, json=lambda r: len(r["settings"]) > 3),
            Case(("config", "get", "color"), data="auto", quiet="auto", json=lambda r: r["source"] == "default"),
            Case(("config", "set", "jobs", "2"), notes=rf"jobs = 2 in {WORD}", changes=True, json=lambda r: r["changed"] and r["value"] == "2"),
            Case(("config", "unset", "jobs"), notes=rf"jobs was not set in {WORD}", changes=True, json=lambda r: r["value"] is None),
        ],
        is_everywhere=True,
        unseen_codes=frozenset({11}),
    ),
    "completion": Command(("completion", "bash"), [Case(("completion", "zsh"), is_content=True, json=lambda r: r["shell"] == "zsh")], is_everywhere=True),
    "version": Command(("version",), [Case(("version",), data=r"metamori \d+\.\d+\.\d+ \(repository format 1\)", quiet=None, verbose=r"\w+ [\d.]+.*")], is_everywhere=True),
    "help": Command(("help",), [Case(("help", "restore"), data=None, quiet=None, json=lambda r: 16 in r["commands"][0]["exit_codes"]), Case(("help",), data=None, quiet=None)], is_everywhere=True),
}

# Printed only under circumstances that no case can bring about.
UNSEEN_MEMBERS = frozenset({"show.image", "cause.path"})


@dataclasses.dataclass
class Expected:
    """How a command ends. `kind` empty: with a report. `message` and `hint` are patterns that are looked for; hint None: need not be there."""

    code: int = 0
    kind: str = ""
    message: str = ""
    hint: str | None = ""
    path: bytes | None = None
    words: tuple = ()  # instead of the command's


CODES = {"usage": 2, "no_repository": 10, "locked": 11, "bad_revision": 12, "corrupt": 13, "unsupported": 14, "no_space": 15, "refused": 16}


def wrong(kind, message, hint="", words=(), path=None):
    return Expected(CODES.get(kind, 1), kind, message, hint, path, words)


@dataclasses.dataclass
class Situation:
    """Something that is wrong. `make(contract)` is a context manager that gives a tree where it is so."""

    name: str
    make: typing.Callable
    default: Expected  # of every command that needs a repository
    others: dict = dataclasses.field(default_factory=dict)
    prefix: typing.Callable = tuple
    only: tuple = ()  # commands; empty: all

    def expected(self, command):
        if command in self.others:
            return self.others[command]
        return Expected() if COMMANDS[command].is_everywhere else self.default

    def concerns(self, command):
        return not self.only or command in self.only


def spoiled(spoil, world="plain", locks=()):
    """A copy of a world, spoiled, with locks that somebody else holds."""

    @contextlib.contextmanager
    def make(contract):
        tree = contract.copy_of(world)
        spoil(tree)
        with worlds.locked(tree, *locks):
            yield tree
        subprocess.run(["chmod", "-R", "u+rwX", tree.parent], check=True)
        shutil.rmtree(tree.parent)

    return make


@contextlib.contextmanager
def full_disk(contract):
    """A copy of the plain world on a file system without room."""
    with worlds.small_disk(contract.place / "disk", "3m"):
        tree = worlds.copy(contract.world("plain"), contract.place / "disk/tree")
        worlds.write(tree / "a", worlds.chosen.randbytes(40_000))
        worlds.fill(contract.place / "disk")
        yield tree


def remove_repository(tree):
    shutil.rmtree(tree / ".metamori")


def make_newer(tree):
    path = tree / ".metamori/format"
    os.chmod(path, 0o600)
    lines = path.read_bytes().replace(b"metamori-repository 1", b"metamori-repository 2").splitlines(keepends=True)[:-1]
    path.write_bytes(b"".join(lines) + b"sha256 %s\n" % hashlib.sha256(b"".join(lines)).hexdigest().encode())


def damage_record(number):
    return lambda tree: worlds.damage_record(tree, number)


def damage_packs(tree):
    for pack in (tree / ".metamori/packs").glob("*.pack"):
        for offset in range(64, pack.stat().st_size - 64, 97):
            worlds.flip(pack, offset)


def make_read_only(tree):
    subprocess.run(["chmod", "-R", "a+rX,a-w", tree], check=True)
    os.chmod(tree.parent, 0o755)


def make_private(tree):
    make_read_only(tree)
    os.chmod(tree / ".metamori", 0o700)


def nothing(_):
    return None


LIST = "'metamori log' lists the checkpoints"
DAMAGE = "'metamori verify' tells which checkpoints are affected"
NO_REPOSITORY = wrong("no_repository", r"no repository in or above '.+/tree'", "'metamori init' makes one")
NEWER = wrong("unsupported", r"'.+/\.metamori/format' says format 2; this version knows format 1 only", "use a newer version of metamori")
UNKNOWN = r"there is no line, tag or checkpoint 'nosuch'"
CHUNK = wrong("corrupt", r"chunk [0-9a-f]{64} is missing: no pack holds it; packs/\w+\.pack is damaged: .+", DAMAGE)
BAD_PACK = wrong("corrupt", r"packs/\w+\.pack is damaged: .+", DAMAGE)
READ_ONLY = wrong("refused", r"the repository '.+/tree/\.metamori' can't be written", "become who may, or mount it for writing")
NO_ACCESS = wrong("refused", r"the repository '.+/tree/\.metamori' can't be entered", "work as its owner")
NO_MAKING = wrong("io", r"make directory 'sub': Permission denied", None, path=b"sub")
NO_SPACE = wrong("no_space", r"No space left on device", "free some space, or keep the repository elsewhere")
LOCKED = wrong("locked", r"the repository is locked \(\w+\) by process 4711 on node7 since 2026-01-01T00:00:00Z", "--lock-timeout")
IS_PENDING = wrong("refused", r"an interrupted restore is pending in '.+/tree'", "'metamori recover' finishes it, 'metamori recover --abort' takes it back")


SETTING = ("config", "set", "jobs", "2")


def damaged_record(number, path=None):
    return wrong("corrupt", rf"\.metamori/checkpoints/{number} is damaged: the checksum does not match", DAMAGE, path=b".metamori/checkpoints/%d" % number)


NOT_COPIED = wrong("corrupt", r"\d checkpoints? of '.+' could not be copied: \.metamori/checkpoints/\d is damaged", "the others, if there are any, were")


def unknown(*words):
    return wrong("bad_revision", UNKNOWN, LIST, words)


def outside(*words, path=b"../x"):
    return wrong("usage", r"'.*\.\./x' is outside the tree '.+/tree'", "", words, path)


SITUATIONS = [
    Situation("no repository", spoiled(remove_repository), NO_REPOSITORY, {"config": wrong("no_repository", "there is no repository whose settings could change", "--user", SETTING)}),
    Situation("a newer format", spoiled(make_newer), NEWER),
    Situation(
        "a damaged format file",
        spoiled(lambda tree: worlds.flip(tree / ".metamori/format", 3)),
        wrong("corrupt", r"'.+/\.metamori/format' is damaged", DAMAGE),
        {"verify": wrong("corrupt", r"'.+/\.metamori/format' is damaged", "'metamori repair' mends"), "repair": Expected()},
    ),
    Situation("an unknown option", spoiled(nothing), Expected(), {name: wrong("usage", "unknown option --bogus", f"'metamori help {name}' tells how it is used", (name, "--bogus")) for name in COMMANDS}),
    Situation(
        "an unknown revision",
        spoiled(nothing, "clean"),
        Expected(),
        {
            "restore": unknown("restore", "nosuch"),
            "undo": wrong("bad_revision", "there is no restore to undo"),
            "log": unknown("log", "nosuch"),
            "show": unknown("show", "nosuch"),
            "diff": unknown("diff", "nosuch"),
            "ls": unknown("ls", "nosuch:x"),
            "cat": unknown("cat", "nosuch:x"),
            "stats": unknown("stats", "nosuch"),
            "tag": unknown("tag", "x", "nosuch"),
            "pin": unknown("pin", "nosuch"),
            "forget": unknown("forget", "nosuch"),
            "copy": unknown("copy", "--init", "../other", "nosuch"),
            "export": unknown("export", "nosuch", "-o", "../out.tar"),
        },
        only=("restore", "undo", "log", "show", "diff", "ls", "cat", "stats", "tag", "pin", "forget", "copy", "export"),
    ),
    Situation(
        "a path outside the tree",
        spoiled(nothing),
        Expected(),
        {
            "checkpoint": outside("checkpoint", "../x"),
            "restore": outside("restore", "1", "../x"),
            "log": outside("log", "--", "../x"),
            "diff": outside("diff", "--", "../x"),
            "show": outside("show", "1:../x"),
            "ls": outside("ls", "1:../x"),
            "cat": outside("cat", "1:../x"),
            "stats": outside("stats", "1:../x"),
        },
        only=("checkpoint", "restore", "log", "diff", "show", "ls", "cat", "stats"),
    ),
    Situation(
        "a path that isn't there, in bytes",
        spoiled(nothing),
        Expected(),
        {
            "checkpoint": wrong("usage", r"no\\n\\377", None, ("checkpoint", b"no\n\xff"), b"no\n\xff"),
            "restore": wrong("usage", r"checkpoint 1 has no \$'no\\n\\377'", "", ("restore", "1", b"no\n\xff"), b"no\n\xff"),
            "show": wrong("usage", r"no \$'no\\n\\377' in checkpoint 1", "'metamori ls 1' lists", ("show", b"1:no\n\xff"), b"no\n\xff"),
            "ls": wrong("usage", r"checkpoint 1 has no \$'no\\n\\377'", "'metamori ls'", ("ls", b"1:no\n\xff"), b"no\n\xff"),
            "cat": wrong("usage", r"checkpoint 1 has no \$'no\\n\\377'", "'metamori ls'", ("cat", b"1:no\n\xff"), b"no\n\xff"),
            "stats": wrong("usage", r"no\\n\\377", "", ("stats", b"1:no\n\xff"), b"no\n\xff"),
        },
        only=("checkpoint", "restore", "show", "ls", "cat", "stats"),
    ),
    Situation(
        "something is there already",
        spoiled(nothing),
        Expected(),
        {
            "init": wrong("refused", r"there is a repository at '.+/tree/\.metamori' already", "'metamori init --exist-ok' goes on with it", ("init",)),
            "restore": wrong("refused", r"restore to 'd': it is not empty", "--overwrite=if-changed, --overwrite=never or --force", ("restore", "1", "--to", "d"), b"d"),
            "tag": wrong("refused", r"the tag 'good' names checkpoint 1 already", "--force", ("tag", "good", "2")),
            "checkpoint": wrong("refused", r"tag 'good' exists already", "'metamori tag --force'", ("checkpoint", "--tag", "good")),
        },
        only=("init", "restore", "tag", "checkpoint"),
    ),
    Situation(
        "something unsafe",
        spoiled(nothing),
        Expected(),
        {"config": wrong("refused", "a repository's own settings may not name a program: pager", "metamori config set --user pager", ("config", "set", "pager", "less"))},
        only=("config",),
    ),
    Situation(
        "a damaged record",
        spoiled(damage_record(2)),
        Expected(),
        {name: damaged_record(2) for name in ("restore", "show", "ls", "cat", "tag", "pin", "forget", "gc")} | {name: Expected(13) for name in ("verify", "find", "stats")} | {"copy": NOT_COPIED, "repair": Expected()},
    ),
    Situation(
        "the record of HEAD is damaged",
        spoiled(damage_record(1)),
        Expected(),
        {name: damaged_record(1) for name in ("export", "status", "restore", "undo", "log", "diff", "gc")} | {"forget": wrong("refused", "no checkpoint would be left", "--force")} | {name: Expected(13) for name in ("show", "verify", "find", "stats")} | {"copy": NOT_COPIED, "repair": Expected()},
    ),
    Situation(
        "damaged packs",
        spoiled(damage_packs),
        CHUNK,
        {name: Expected() for name in ("import", "track", "untrack", "checkpoint", "stage", "watch", "log", "tag", "pin", "forget", "recover")}
        | {"show": Expected(13), "find": Expected(13), "verify": Expected(13), "stats": BAD_PACK, "gc": BAD_PACK, "repair": Expected(13)},
    ),
    Situation(
        "a repository that can't be written",
        spoiled(make_read_only),
        Expected(),
        {name: READ_ONLY for name in ("track", "untrack", "checkpoint", "stage", "restore", "undo", "tag", "pin", "forget", "gc", "repair")} | {"init": NO_MAKING, "import": READ_ONLY, "export": wrong("io", r"create '../out.tar.part': Permission denied", None), "copy": wrong("io", r"make directory '../other': Permission denied", None), "config": wrong("io", r"create '.+/config': Permission denied", None, SETTING)},
        prefix=worlds.as_nobody,
    ),
    Situation("a repository that can't be read", spoiled(make_private), NO_ACCESS, {"init": NO_MAKING}, prefix=worlds.as_nobody),
    Situation(
        "a full disk",
        full_disk,
        Expected(),
        {name: NO_SPACE for name in ("init", "track", "untrack", "checkpoint", "stage", "restore", "undo", "tag", "pin", "copy", "export", "import")} | {"config": wrong("no_space", "No space left on device", words=SETTING)},
    ),
    Situation(
        "locks that another process holds",
        spoiled(nothing, locks=("tree", "gc", "rules", "checkpoint")),
        Expected(),
        {name: LOCKED for name in ("checkpoint", "stage", "restore", "undo", "gc", "repair")},
        only=("checkpoint", "stage", "restore", "undo", "gc", "repair", "log", "status"),
    ),
    Situation("locks while a restore is pending", spoiled(nothing, "pending", locks=("tree",)), LOCKED, only=("recover",)),
    Situation("a pending restore", spoiled(nothing, "pending"), Expected(), {name: IS_PENDING for name in ("checkpoint", "stage", "restore", "undo")}, only=("checkpoint", "stage", "restore", "undo", "log", "status", "ls")),
    Situation(
        "the time is up",
        spoiled(nothing),
        Expected(),
        {"checkpoint": wrong("timed_out", "time", None, ("checkpoint", "--check=content", "--rate-limit", "10K", "--timeout", "100ms"))},
        only=("checkpoint",),
    ),
]
