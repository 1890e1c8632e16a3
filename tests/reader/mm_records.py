"""Sections 9 and 10 of docs/format.md: records, folded ones too, and the git objects in them."""

import hashlib
import os
import re
import struct

from mm_bytes import Corrupt, Reader, require, sha256

CHECKPOINT, SAFETY, MOVE, TOMBSTONE = 1, 2, 3, 4
KNOWN = {b"BLOB": "124", b"COMT": "124", b"GENR": "12", b"HAFT": "123", b"HBEF": "123", b"LINE": "1", b"MOVE": "3",
         b"PARS": "12", b"TAGS": "1", b"TOMB": "4", b"TREE": "124", b"UNDO": "2"}
NEEDED = {CHECKPOINT: (b"BLOB", b"COMT", b"HAFT", b"HBEF", b"PARS", b"TREE"), SAFETY: (b"BLOB", b"COMT", b"HAFT", b"HBEF", b"PARS", b"TREE"),
          MOVE: (b"HAFT", b"HBEF", b"MOVE"), TOMBSTONE: (b"BLOB", b"COMT", b"TOMB", b"TREE")}
MAX_RECORD = 16 << 20


def git_id(kind, content):
    return hashlib.sha1(b"%s %d\0" % (kind, len(content)) + content).digest()


def decode_position(fields):
    number = fields.varint()
    return (number, fields.take(20) if number else b"")


class Record:
    def __init__(self, data, number):
        what = f"record {number}"
        require(len(data) >= 64 and len(data) <= MAX_RECORD, f"{what}: bad length")
        require(sha256(data[:-32]) == data[-32:], f"{what}: wrong checksum")
        fields = Reader(data[:-32], what)
        require(fields.take(8) == b"MMRECRD1", f"{what}: no record")
        self.kind = fields.fixed(2)
        require(CHECKPOINT <= self.kind <= TOMBSTONE, f"{what}: unknown kind")
        require(fields.fixed(2) == 0 and fields.fixed(4) == 0, f"{what}: flags this reader does not know")
        self.number = fields.fixed(8)
        require(self.number == number, f"{what}: holds number {self.number}")
        self.sections = self.decode_sections(fields, what)
        for tag in NEEDED[self.kind]:
            require(tag in self.sections, f"{what}: lacks {tag.decode()}")
        self.id = b""
        if self.kind != MOVE:
            self.check_git_objects(what)

    def decode_sections(self, fields, what):
        sections, previous = {}, b""
        while fields.left():
            tag = fields.take(4)
            content = fields.take(fields.fixed(4))
            require(previous < tag, f"{what}: sections out of order")
            previous = tag
            if tag[:1].isupper():
                require(str(self.kind) in KNOWN.get(tag, ""), f"{what}: a section this reader does not know: {tag!r}")
            sections[tag] = content
        return sections

    def check_git_objects(self, what):
        blob, tree, commit = (self.sections[tag] for tag in (b"BLOB", b"TREE", b"COMT"))
        require(tree == b"100644 record\0" + git_id(b"blob", blob), f"{what}: its tree is not of its blob")
        require(commit.split(b"\n", 1)[0] == b"tree " + git_id(b"tree", tree).hex().encode(), f"{what}: its commit is not of its tree")
        self.id = git_id(b"commit", commit)
        if b"PARS" in self.sections:
            fields = Reader(self.sections[b"PARS"], what)
            parents = [decode_position(fields) for _ in range(fields.varint())]
            fields.end()
            header = commit.split(b"\n\n", 1)[0].split(b"\n")
            named = [line[7:] for line in header if line.startswith(b"parent ")]
            require(named == [parent[1].hex().encode() for parent in parents], f"{what}: its parents are not its commit's")

    def head_after(self):
        fields = Reader(self.sections[b"HAFT"], f"record {self.number}")
        position = decode_position(fields)
        fields.end()
        return position

    def keys(self):
        """The checkpoint record, as a map from key to value."""
        blob = self.sections[b"BLOB"]
        lines = blob.split(b"\n")
        require(lines[0] == b"metamori-record 1" and lines[-1] == b"", f"record {self.number}: not a checkpoint record")
        pairs = [line.partition(b" ") for line in lines[1:-1]]
        keys = {key.decode("ascii", "replace"): value for key, _, value in pairs}
        require(len(keys) == len(pairs), f"record {self.number}: a key twice")
        return keys

    def root(self):
        if self.kind == TOMBSTONE:
            raise Corrupt(f"record {self.number}: was forgotten")
        value = self.keys().get("root", b"")
        require(re.fullmatch(rb"[0-9a-f]{64}", value), f"record {self.number}: no root")
        return bytes.fromhex(value.decode())


def unfold(data, what):
    """Records in one file: pairs of number and bytes."""
    require(len(data) >= 48 and data[:8] == b"MMFOLD1\0", f"{what}: no folded records")
    require(sha256(data[:-32]) == data[-32:], f"{what}: wrong checksum")
    fields = Reader(data[8:-32], what)
    count, reserved = fields.fixed(4), fields.fixed(4)
    require(reserved == 0 and count * 24 <= fields.left(), f"{what}: bad header")
    at, previous = 16 + 24 * count, 0
    for number, offset, length in struct.iter_unpack("<QQQ", fields.take(24 * count)):
        require(number > previous and offset == at and length <= len(data) - 32 - at, f"{what}: bad table")
        previous, at = number, at + length
        yield number, data[offset:offset + length]
    require(at == len(data) - 32, f"{what}: bytes left over")


def read_records(path):
    """All records of the repository by number. One that stands alone and folded must be the same twice, unless it was replaced by a tombstone."""
    folder = os.path.join(path, "checkpoints")
    records = {}
    for name in sorted(os.listdir(folder), key=lambda name: "-" not in name):
        single = re.fullmatch(r"[1-9][0-9]*", name)
        folded = re.fullmatch(r"([1-9][0-9]*)-([1-9][0-9]*)", name)
        if not single and not folded:
            continue
        with open(os.path.join(folder, name), "rb") as file:
            data = file.read()
        if single:
            records[int(name)] = Record(data, int(name))
            continue
        for number, part in unfold(data, name):
            require(int(folded[1]) <= number <= int(folded[2]), f"{name}: holds number {number}")
            records[number] = Record(part, number)
    return records


def resolve(records, revision):
    """`HEAD` or a number."""
    require(records, "no checkpoint yet")
    if revision == "HEAD":
        latest = max((number for number in records if records[number].kind != TOMBSTONE), default=0)
        require(latest, "no checkpoint left")
        number, commit = records[latest].head_after()
        require(number in records and records[number].id == commit, "HEAD is at a checkpoint that is not there")
    else:
        require(re.fullmatch(r"#?[0-9]+", revision), f"{revision}: neither a number nor HEAD")
        number = int(revision.lstrip("#"))
    require(number in records, f"no record {number}")
    require(records[number].kind != MOVE, f"record {number} is a move")
    return records[number]
