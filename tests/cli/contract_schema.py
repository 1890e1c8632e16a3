"""The JSON contract as docs/json.md states it: its tables, and whether an object is as they say."""

import base64
import re

WORD = re.compile(r"`([^`]+)`")
ID, SHA256 = re.compile(r"[0-9a-f]{40}"), re.compile(r"[0-9a-f]{64}")
TIME = re.compile(r"\d{4,}-\d\d-\d\dT\d\d:\d\d:\d\d(Z|[+-]\d\d:\d\d)")


class Wrong(Exception):
    """What an object has that the tables don't, or the other way round."""


def is_integer(value):
    return isinstance(value, int) and not isinstance(value, bool)


SIMPLE = {
    "text": lambda value: isinstance(value, str),
    "path": lambda value: isinstance(value, str),
    "boolean": lambda value: isinstance(value, bool),
    "integer": is_integer,
    "seconds": lambda value: is_integer(value) or isinstance(value, float),
    "ratio": lambda value: is_integer(value) or isinstance(value, float),
    "id": lambda value: isinstance(value, str) and bool(ID.fullmatch(value)),
    "sha256": lambda value: isinstance(value, str) and bool(SHA256.fullmatch(value)),
    "time": lambda value: isinstance(value, str) and bool(TIME.fullmatch(value)),
    "base64": lambda value: isinstance(value, str) and base64.b64decode(value, validate=True) is not None,
    "null": lambda value: value is None,
    "map of text": lambda value: isinstance(value, dict) and all(isinstance(each, str) for each in value.values()),
    "map of texts": lambda value: isinstance(value, dict)
    and all(isinstance(each, str) or (isinstance(each, list) and len(each) > 1 and all(isinstance(one, str) for one in each)) for each in value.values()),
}
PATHS = {"path"}
PARTS = ("Every command", "Reports", "Parts")  # headings of the page below which tables are


def cells(line):
    return [cell.strip() for cell in line.strip().strip("|").split("|")]


class Schema:
    def __init__(self, page):
        """`page`: the text of docs/json.md. Reports are what stands under the heading of reports, and the objects of every command."""
        self.tables, self.reports = {}, set()
        part = name = None
        for line in page.splitlines():
            if line.startswith("# "):
                part = line[2:]
            elif line.startswith("## "):
                name = line[3:]
            elif line.startswith("| ") and part in PARTS and not line.startswith("| member"):
                self.add_row(name, cells(line), part)
        for table in self.tables.values():
            for row in table:
                self.check_type(row[1])

    def add_row(self, name, row, part):
        if len(row) != 4:
            raise Wrong(f"docs/json.md: {name}: a row of {len(row)} cells: {row}")
        if part != "Parts":
            self.reports.add(name)
        members, kind, when, _ = row
        table = self.tables.setdefault(name, [])
        if members.startswith("*all of*"):
            table.append((None, members.split()[-1], bool(when)))
            return
        names = WORD.findall(members)
        kinds = [kind] * len(names) if kind.startswith("`") or "," not in kind else [each.strip() for each in kind.split(",")]
        if not names or len(names) != len(kinds):
            raise Wrong(f"docs/json.md: {name}: {row}")
        table.extend((each, its, bool(when)) for each, its in zip(names, kinds))

    def check_type(self, kind):
        for each in kind.removeprefix("array of ").split(" or "):
            if not (each in SIMPLE or each in self.tables or each.startswith("`")):
                raise Wrong(f"docs/json.md: no such type: {each}")

    def members(self, name, optional=False):
        """{member: (type, optional)} with those that come from other tables."""
        found = {}
        for member, kind, when in self.tables[name]:
            if member is None:
                found |= self.members(kind, optional or when)
            else:
                found[member] = (kind, optional or when)
        return found

    def check(self, value, name, is_report=False):
        """Throws Wrong unless `value` is an object as the table says, with no member too many."""
        if not isinstance(value, dict):
            raise Wrong(f"{name}: not an object: {value!r}")
        members = self.members(name)
        if is_report:
            members |= {"schema": ("`metamori/1`", False), "type": (f"`{name}`", False)}
        known = set(members)
        for member, (kind, _) in members.items():
            if member in value:
                self.check_value(value[member], kind, f"{name}.{member}")
            if kind in PATHS:
                known.add(f"{member}_b64")
                self.check_bytes(value, member, name)
        if unknown := sorted(set(value) - known):
            raise Wrong(f"{name}: members that docs/json.md does not have: {unknown}")
        if missing := sorted(member for member, (_, optional) in members.items() if not optional and member not in value):
            raise Wrong(f"{name}: members missing: {missing}")

    def check_bytes(self, value, member, name):
        """The exact bytes are there where, and only where, the text can't hold them."""
        encoded = value.get(f"{member}_b64")
        if encoded is None:
            if "\N{REPLACEMENT CHARACTER}" in value.get(member, ""):
                raise Wrong(f"{name}.{member}: bytes were lost: {value[member]!r}")
            return
        try:
            base64.b64decode(encoded, validate=True).decode()
        except UnicodeDecodeError:
            return
        raise Wrong(f"{name}.{member}_b64: needless, these bytes are UTF-8")

    def check_value(self, value, kind, where):
        if kind.startswith("array of "):
            if not isinstance(value, list):
                raise Wrong(f"{where}: not an array: {value!r}")
            for i, each in enumerate(value):
                self.check_value(each, kind.removeprefix("array of "), f"{where}[{i}]")
        elif kind.startswith("`"):
            if value not in WORD.findall(kind):
                raise Wrong(f"{where}: {value!r} is none of {kind}")
        elif kind.endswith(" or null"):
            if value is not None:
                self.check_value(value, kind.removesuffix(" or null"), where)
        elif kind in SIMPLE:
            if not SIMPLE[kind](value):
                raise Wrong(f"{where}: not {kind}: {value!r}")
        else:
            self.check(value, kind)


def bytes_of(value, member="path"):
    """A path as bytes."""
    if f"{member}_b64" in value:
        return base64.b64decode(value[f"{member}_b64"])
    return value[member].encode()
