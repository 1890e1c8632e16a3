#!/usr/bin/env python3
"""The output contract: every command of the table in every output form, over names that are hard and with everything that can be wrong.

What is printed, to which stream, and with which exit code is compared with contract_cases.py; each JSON object with the tables of docs/json.md. A
command without cases fails the test, and so do an exit code that no case shows and a member that none does.

METAMORI_TEST_ONLY=TEXT runs the parts whose name holds TEXT.
"""

import contextlib
import json
import os
import pathlib
import re
import shutil
import sys
import tempfile

import contract_cases as cases
import contract_worlds as worlds
from contract_schema import Schema, Wrong, bytes_of

sys.path.append(str(pathlib.Path(__file__).resolve().parent.parent / "support"))

from tap import Parts, Skip, tell_count  # noqa: E402

SOURCE = pathlib.Path(__file__).resolve().parent.parent.parent
CONTROL = re.compile(rb"[\x00-\x08\x0b-\x1f\x7f]")  # all but tab and newline
ESCAPE = re.compile(rb"\x1b\[[0-9;]*m")
ERROR_LINE = re.compile(r"metamori: error: (?P<message>[^\n]+)\n(hint: (?P<hint>[^\n]+)\n)?")


class Broken(Exception):
    """The contract was not kept."""


def lines_of(data, what, result):
    if data and not data.endswith(b"\n"):
        raise Broken(f"{what} does not end with a newline: {result}")
    return data.decode().splitlines() if data else []


class Contract:
    def __init__(self, place):
        self.place = place
        self.schema = Schema((SOURCE / "docs/json.md").read_text())
        self.table = {command["name"]: command for command in json.loads(worlds.must(place, "help", "--json").out)["commands"]}
        self.seen_codes, self.seen_members, self.made, self.runs, self.copies = {}, set(), {}, 0, 0

    def world(self, name):
        """A world by its name, made once."""
        if name not in self.made:
            self.made[name] = getattr(worlds, f"make_{name}")(self.place / name)
        return self.made[name]

    def copy_of(self, name):
        self.copies += 1
        source = self.world(name)
        target = self.place / f"copy{self.copies}"
        target.mkdir()
        return worlds.copy(source, target / "tree")

    def run(self, command, place, words, **more):
        self.runs += 1
        result = worlds.run(place, words, **more)
        self.seen_codes.setdefault(command, set()).add(result.code)
        return result

    def expect_code(self, result, code):
        if result.code != code:
            raise Broken(f"expected exit {code}: {result}")

    # What is printed for people.

    def check_text(self, data, pattern, what, result):
        """Printable lines, each as `pattern` says; None: any, empty: none at all."""
        if found := CONTROL.search(data):
            raise Broken(f"{what} has a control character {found.group()!r}: {result}")
        lines = lines_of(data, what, result)
        if pattern is None:
            return
        if not pattern and lines:
            raise Broken(f"{what} should be empty: {result}")
        if pattern and not lines and not re.fullmatch(pattern, ""):
            raise Broken(f"{what} is empty: {result}")
        for line in lines:
            if not re.fullmatch(pattern, line):
                raise Broken(f"{what} has a line {line!r} that is not like {pattern!r}: {result}")

    def check_raw(self, case, result):
        if not result.out.endswith(b"\0"):
            raise Broken(f"what -z prints ends with a NUL: {result}")
        found = result.out[:-1].split(b"\0")
        for wanted in case.raw:
            if wanted not in found:
                raise Broken(f"no {wanted!r} in {found!r}")

    def check_message_in_cron(self):
        """A name in a message is a word of the shell where the locale has nothing but ASCII, too."""
        bare = {"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "LANG": "C"}
        result = self.run("ls", self.world("plain"), ["ls", "1:süß it's"], env=bare)
        if b"has no $'s\\303\\274\\303\\237 it\\'s'\n" not in result.err:
            raise Broken(f"not quoted for the shell: {result}")

    # Objects.

    def check_objects(self, result, command, is_stream):
        """The objects on standard output, which holds nothing else, checked; the last one is the report."""
        lines = result.out.split(b"\n")
        if lines[-1] or (len(lines) != 2 and not is_stream):
            raise Broken(f"not one object a line: {result}")
        try:
            objects = [json.loads(line.decode()) for line in lines[:-1]]
        except ValueError as error:
            raise Broken(f"{error}: {result}") from None
        for each in objects[:-1]:
            if each.get("type") not in ("progress", "event"):
                raise Broken(f"a report that is not the last line: {result}")
        for each in objects:
            self.check_object(each, result)
        report = objects[-1]
        if report["type"] not in (command, "error"):
            raise Broken(f"type {report['type']!r}: {result}")
        return report

    def check_object(self, each, result):
        name = each.get("type")
        if name not in self.schema.reports:
            raise Broken(f"docs/json.md has no object of type {name!r}: {result}")
        try:
            self.schema.check(each, name, is_report=True)
        except Wrong as wrong:
            raise Broken(f"{wrong}: {result}") from None
        self.note_members(each, name)

    def note_members(self, value, name):
        """Remembers which members were there."""
        for member, (kind, _) in self.schema.members(name).items():
            if member not in value:
                continue
            self.seen_members.add((name, member))
            kind, found = kind.removesuffix(" or null"), value[member]
            if kind.startswith("array of "):
                kind = kind.removeprefix("array of ")
                for each in found if kind in self.schema.tables else []:
                    self.note_members(each, kind)
            elif kind in self.schema.tables and found is not None:
                self.note_members(found, kind)

    # One case in every form.

    def try_case(self, command, case):
        for form in FORMS:
            place = self.copy_of(case.world) if case.changes else self.world(case.world)
            form(self, command, case, pathlib.Path(place))
            if case.changes:
                shutil.rmtree(place.parent)

    def human(self, command, case, place):
        result = self.run(command, place, case.words, stdin=case.stdin, prefix=case.prefix())
        self.expect_code(result, case.code)
        if case.raw:
            self.check_raw(case, result)
        elif case.is_content is False:
            self.check_text(result.out, case.data, "standard output", result)
        self.check_text(result.err, case.notes, "standard error", result)

    def quiet(self, command, case, place):
        if case.raw or case.is_content:
            return
        result = self.run(command, place, ["-q", *case.words], stdin=case.stdin, prefix=case.prefix())
        self.expect_code(result, case.code)
        self.check_text(result.out, case.quiet, "standard output", result)
        self.check_text(result.err, case.quiet_notes, "standard error", result)

    def verbose(self, command, case, place):
        if case.raw or case.is_content:
            return
        result = self.run(command, place, ["-v", *case.words], stdin=case.stdin, prefix=case.prefix())
        self.expect_code(result, case.code)
        self.check_text(result.out, case.verbose if case.verbose is not None else case.data, "standard output", result)
        self.check_text(result.err, None, "standard error", result)

    def coloured(self, command, case, place):
        """Colours change nothing else, and exact sizes have no units."""
        if case.raw or case.is_content:
            return
        result = self.run(command, place, ["--color=always", "--bytes", *case.words], stdin=case.stdin, prefix=case.prefix())
        self.expect_code(result, case.code)
        self.check_text(ESCAPE.sub(b"", result.out), case.data, "standard output", result)
        if re.search(rb"\d [KMGT]iB", result.out) and command != "help":
            raise Broken(f"a size that is not exact: {result}")

    def in_cron(self, command, case, place):
        """No locale, no HOME, no terminal: names are quoted, nothing but ASCII comes out."""
        if case.raw or case.is_content:
            return
        bare = {"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "LANG": "C", "TZ": "UTC"}
        result = self.run(command, place, case.words, stdin=case.stdin, prefix=case.prefix(), env=bare)
        self.expect_code(result, case.code)
        for data in (result.out, result.err):
            if not data.isascii():
                raise Broken(f"not ASCII where the locale has nothing else: {result}")
        self.check_text(result.out, case.data, "standard output", result)

    def as_json(self, command, case, place, option="--json"):
        result = self.run(command, place, [option, *case.words], stdin=case.stdin, prefix=case.prefix())
        if case.json is False:
            self.expect_code(result, 2)
            self.check_objects(result, command, False)
            return
        self.expect_code(result, case.code)
        report = self.check_objects(result, command, option == "--json-lines")
        if report["type"] == "error":
            raise Broken(f"an error: {result}")
        self.check_text(result.err, case.json_notes, "standard error", result)
        if case.json and not case.json(report):
            raise Broken(f"the report is not as it should be: {result}")

    def as_json_lines(self, command, case, place):
        self.as_json(command, case, place, "--json-lines")

    # One thing that is wrong, for every command.

    def try_situation(self, situation):
        with contextlib.ExitStack() as stack:
            place = None
            for i, command in enumerate(filter(situation.concerns, self.table)):
                expected = situation.expected(command)
                for option in (["-q"], ["--json-lines"]) if i % 2 else ([], ["--json"]):
                    place = place or stack.enter_context(situation.make(self))
                    self.try_wrong(command, situation, expected, place, option)
                    if cases.COMMANDS[command].changes and not expected.kind:
                        stack.close()
                        place = None

    def try_wrong(self, command, situation, expected, place, option):
        words = [*option, *(expected.words or cases.COMMANDS[command].words)]
        result = self.run(command, place, words, prefix=situation.prefix())
        self.expect_code(result, expected.code)
        if not option and CONTROL.search(result.err):
            raise Broken(f"a control character: {result}")
        if option and option[0].startswith("--json"):
            report = self.check_objects(result, command, option[0] == "--json-lines")
            if (report["type"] == "error") != bool(expected.kind):
                raise Broken(f"type {report['type']}: {result}")
            if expected.kind:
                self.check_error(expected, report["kind"], report["message"], report["hint"], result)
                if report["exit_code"] != result.code or result.err:
                    raise Broken(f"exit_code {report['exit_code']}: {result}")
                if expected.path is not None and bytes_of(report) != expected.path:
                    raise Broken(f"path {bytes_of(report)!r}, expected {expected.path!r}: {result}")
        elif expected.kind:
            match = ERROR_LINE.fullmatch(result.err.decode())
            if not match or result.out:
                raise Broken(f"not an error alone: {result}")
            self.check_error(expected, None, match["message"], match["hint"] or "", result)

    def check_error(self, expected, kind, message, hint, result):
        """What, to which path or id, why, and what to do next."""
        if kind is not None and kind != expected.kind:
            raise Broken(f"kind {kind}, expected {expected.kind}: {result}")
        if not re.search(expected.message, message):
            raise Broken(f"the message is not like {expected.message!r}: {result}")
        if expected.hint is not None and (not hint if expected.hint == "" else not re.search(expected.hint, hint)):
            raise Broken(f"the hint is not like {expected.hint or 'anything at all'!r}: {result}")

    # While something goes on.

    def check_progress(self):
        """Lines of --json-lines before the last one: how far it is, and what is waited for."""
        every = ["--json-lines", "--progress=plain=0.1"]
        result = self.run("checkpoint", self.copy_of("hostile"), ["checkpoint", "--check=content", "--rate-limit", "1M", *every])
        self.check_objects(result, "checkpoint", True)
        if result.out.count(b'"type":"progress"') < 3 or result.err:
            raise Broken(f"no progress: {result}")
        tree = self.copy_of("plain")
        with worlds.locked(tree, "tree"):
            result = self.run("restore", tree, ["restore", "1", *every, "--lock-timeout", "500ms"])
        self.check_objects(result, "restore", True)
        if b"held by process 4711" not in result.out.splitlines()[-2]:
            raise Broken(f"who is waited for is not told: {result}")

    # All together.

    def check_table(self):
        if missing := sorted(set(self.table) - set(cases.COMMANDS)):
            raise Broken(f"commands without cases in tests/cli/contract_cases.py: {missing}")
        if gone := sorted(set(cases.COMMANDS) - set(self.table)):
            raise Broken(f"cases of commands that are not in the table: {gone}")

    def check_codes(self):
        wrong = []
        for command, row in self.table.items():
            documented, seen = set(row["exit_codes"]), self.seen_codes.get(command, set())
            if undocumented := sorted(seen - documented - cases.COMMANDS[command].foreign_codes):
                wrong.append(f"{command} ends with {undocumented}, which its row in cmd/commands.cpp does not have")
            if unseen := sorted(documented - seen - {1} - cases.COMMANDS[command].unseen_codes):
                wrong.append(f"{command} is said to end with {unseen}, but no case shows it")
        if wrong:
            raise Broken("; ".join(wrong))

    def check_members(self):
        """Every member of every table was printed by some case."""
        every = {(name, member) for name in self.schema.tables for member in self.schema.members(name)}
        reached = {name for name, _ in self.seen_members}
        missing = sorted(f"{name}.{member}" for name, member in every - self.seen_members if name in reached or name in self.schema.reports)
        if left := sorted(set(missing) - cases.UNSEEN_MEMBERS):
            raise Broken(f"members of docs/json.md that no case shows: {left}")


FORMS = (Contract.human, Contract.quiet, Contract.verbose, Contract.coloured, Contract.in_cron, Contract.as_json, Contract.as_json_lines)


def main():
    parts, only = Parts("cli_contract"), os.environ.get("METAMORI_TEST_ONLY", "")
    with tempfile.TemporaryDirectory(prefix="metamori-contract-", ignore_cleanup_errors=True) as name:
        os.chmod(name, 0o755)  # another user comes here, too
        contract = Contract(pathlib.Path(name))

        def part(title, *work):
            if only in title:
                parts.run(title, *work)

        part("every command of the table has cases", contract.check_table)
        for command, its in cases.COMMANDS.items():
            for case in its.cases:
                shown = " ".join(word if isinstance(word, str) else ascii(word)[2:-1] for word in case.words)
                part(f"{shown} in every form", contract.try_case, command, case)
        for situation in cases.SITUATIONS:
            part(f"{situation.name}: every command tells it", contract.try_situation, situation)
        part("names in messages are words of the shell in cron, too", contract.check_message_in_cron)
        part("progress is told as objects", contract.check_progress)
        if not only:
            part("exit codes are the documented ones, and all of them", contract.check_codes)
            part("every member of docs/json.md is printed somewhere", contract.check_members)
            tell_count("cli.contract.runs", contract.runs)
    parts.end()


if __name__ == "__main__":
    main()
