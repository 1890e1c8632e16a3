"""Compares output with what a page shows of it.

Equal but for what differs from run to run: ids must be the same ones throughout (the page's `3f2a9c01` always stands for one id of the run),
sizes may be off by a factor of 2; durations, rates, dates, and numbers of packs and chunks may be any. A line `...` stands for any number of lines.
"""

import re

TOKEN = re.compile(
    r"(?P<date>\d{4}-\d\d-\d\d[ T]\d\d:\d\d(?::\d\d)?(?:\.\d+)?(?: ?[+-]\d\d:?\d\d)?)"
    r"|(?P<size>\b\d+(?:\.\d+)? (?:B|KiB|MiB|GiB)\b)(?P<rate>/s)?"
    r"|(?P<time>\b\d+(?:\.\d+)? (?:ms|s)\b)"
    r"|(?P<count>\b\d+ (?:packs|chunks)\b)"
    r"|(?P<id>\b[0-9a-f]{8,64}\b)"
)
UNITS = {"B": 1, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30}
SMALL_BYTES = 8 << 10  # below it, headers and tables outweigh what was stored
FACTOR = 2
ID_DIGITS = 8


def split(line):
    """The line as plain text and tokens by turns: [(kind, text)]."""
    parts, at = [], 0
    for found in TOKEN.finditer(line):
        parts.append(("text", line[at : found.start()]))
        kind = "rate" if found["rate"] else next(name for name in ("date", "size", "time", "count", "id") if found[name])
        parts.append((kind, found[0]))
        at = found.end()
    return parts + [("text", line[at:])]


def bytes_of(size):
    number, unit = size.split(" ")
    return float(number) * UNITS[unit]


class Ids:
    """Which id of the run each id of the page stands for."""

    def __init__(self):
        self.real, self.shown = {}, {}

    def match(self, shown, real):
        shown, real = shown[:ID_DIGITS], real[:ID_DIGITS]
        if shown in self.real or real in self.shown:
            return self.real.get(shown) == real
        self.real[shown], self.shown[real] = real, shown
        return True

    def in_command(self, text):
        """The command with the run's ids in place of the page's."""
        for shown, real in self.real.items():
            text = re.sub(rf"\b{shown}", real, text)
        return text


def same_token(kind, shown, real, ids):
    if kind == "text":
        return re.sub(r" +", " ", shown) == re.sub(r" +", " ", real)  # columns move with what is in them
    if kind == "id":
        return len(shown) == len(real) and ids.match(shown, real)
    if kind == "size":
        a, b = bytes_of(shown), bytes_of(real)
        return max(a, b) <= SMALL_BYTES or max(a, b) <= FACTOR * min(a, b)
    return True


def same_line(shown, real, ids):
    a, b = split(shown.rstrip()), split(real.rstrip())
    return len(a) == len(b) and all(x[0] == y[0] and same_token(x[0], x[1], y[1], ids) for x, y in zip(a, b))


def first_difference(shown, real, ids):
    """Index of the first line shown that is not there, len(shown) if there is more than shown; None if all is as shown."""
    at = 0
    for index, line in enumerate(shown):
        if line.strip() == "...":
            rest = shown[index + 1 :]
            for start in range(at, len(real) + 1):
                if first_difference(rest, real[start:], ids) is None:
                    return None
            return index
        if at >= len(real) or not same_line(line, real[at], ids):
            return index
        at += 1
    return None if at == len(real) else len(shown)
