"""Reads what a page shows of sessions: fenced blocks, and in them commands with the output that is to follow.

A comment on the line before a block says what it is, where its language does not:
  <!-- file: NAME -->         the block is the content of this file; executable if it starts with #!
  <!-- not run: REASON -->    only shown
  <!-- fresh directory -->    anywhere: from here on in a new, empty directory and a new shell
`console` blocks are sessions: `$ ` begins a command, `> ` goes on with it, what follows is its output. `sh` blocks are run as a whole and must
succeed. All others are only shown.
"""

import dataclasses
import re


@dataclasses.dataclass
class Command:
    text: str
    line: int  # of the page, from 1, where the command begins
    output_from: int = 0  # lines of the page, from 0: the output shown
    output_to: int = 0
    expected: list = dataclasses.field(default_factory=list)


@dataclasses.dataclass
class Step:
    kind: str  # command, file, fresh, not run
    line: int
    command: Command = None
    name: str = ""
    text: str = ""


class PageError(Exception):
    pass


def commands_of(lines, first):
    """Commands of a console block; `first` is the page's line (from 0) of its first line."""
    found = []
    for number, line in enumerate(lines, first):
        if line.startswith("$ "):
            found.append(Command(line[2:], number + 1, number + 1, number + 1))
        elif not found:
            raise PageError(f"line {number + 1}: output before the first command")
        elif line.startswith("> ") and not found[-1].expected:
            found[-1].text += "\n" + line[2:]
            found[-1].output_from = found[-1].output_to = number + 1
        else:
            found[-1].expected.append(line)
            found[-1].output_to = number + 1
    return found


def steps_of(page):
    """What is to be done for the page's text, in order."""
    lines = page.split("\n")
    steps, directive, at = [], None, 0
    while at < len(lines):
        line = lines[at]
        comment = re.fullmatch(r"<!-- (.*?) -->", line.strip())
        if comment and comment[1] == "fresh directory":
            steps.append(Step("fresh", at + 1))
        elif comment:
            directive = comment[1]
        elif line.startswith("```"):
            language, end = line[3:].strip(), at + 1
            while end < len(lines) and lines[end].rstrip() != "```":
                end += 1
            if end == len(lines):
                raise PageError(f"line {at + 1}: the block does not end")
            steps += block_steps(language, lines[at + 1 : end], at + 1, directive)
            at, directive = end, None
        elif line.strip():
            directive = None
        at += 1
    return steps


def block_steps(language, lines, first, directive):
    key, _, value = (directive or "").partition(": ")
    if key == "file":
        return [Step("file", first, name=value, text="\n".join(lines) + "\n")]
    if key == "not run":
        return [Step("not run", first, text=value)]
    if language == "console":
        return [Step("command", command.line, command) for command in commands_of(lines, first)]
    if language == "sh":
        return [Step("command", first + 1, Command("\n".join(lines), first + 1, first, first, expected=None))]
    return []
