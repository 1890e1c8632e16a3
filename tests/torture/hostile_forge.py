"""Writes repositories byte by byte from docs/format.md, so that they can hold what the program would never write. Everything is well formed
unless it is asked for otherwise; nothing is checked."""

import hashlib
import os
import pathlib
import struct

import xxhash
import zstandard

FILE, DIRECTORY, SYMLINK, FIFO, CHAR_DEVICE, BLOCK_DEVICE = range(1, 7)
MAX = (1 << 64) - 1
PLAIN, GROUP, DELTA, PATCH = range(4)
HOLE = bytes(32)
EMPTY = b"\0\0"  # a stream reference
TIME = 1_700_000_000


def sha256(data):
    return hashlib.sha256(data).digest()


def varint(value):
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


def svarint(value):
    return varint(value << 1 if value >= 0 else (-value << 1) - 1)


def text(data):
    return varint(len(data)) + data


def ref(level, length, chunk=b""):
    return bytes([level]) + varint(length) + chunk


def git_id(kind, content):
    return hashlib.sha1(b"%s %d\0" % (kind, len(content)) + content).digest()


class Chunks:
    """Chunks on their way into one pack. Each put gives the id."""

    def __init__(self):
        self.frames, self.index = [], {}

    def put(self, raw, **how):
        chunk = sha256(raw)
        if chunk not in self.index:
            self.add_frame(chunk, raw, **how)
        return chunk

    def add_frame(self, chunk, body, form=PLAIN, codec=0, width=0, coded=None, raw=None, depth=0, told=None, members=1, entries=None):
        """A frame with these fields, whatever they are worth; `told` is the depth that the index tells."""
        raw = len(body) if raw is None else raw
        coded = len(body) if coded is None else coded
        header = struct.pack("<IBBBBIIIHH", 0x46524D4D, form, codec, width, 0, len(body), coded, raw, depth, members) + chunk
        frame = header + struct.pack("<Q", xxhash.xxh3_64_intdigest(header + body)) + body
        place = 32 + sum(map(len, self.frames))
        self.frames.append(frame)
        for each, (length, member) in (entries or {chunk: (raw, 0)}).items():
            self.index[each] = (place, length, member, depth if told is None else told)

    def put_zstd(self, raw, coded=None, told_raw=None):
        body = zstandard.ZstdCompressor().compress(raw)
        self.add_frame(sha256(raw), body, codec=1, coded=len(raw) if coded is None else coded, raw=len(raw) if told_raw is None else told_raw)
        return sha256(raw)

    def write(self, packs, header=b"MMPACK1\0" + bytes(24), count=None, frames=None):
        index = b"".join(chunk + struct.pack("<QIHBB", *place, 0) for chunk, place in sorted(self.index.items()))
        footer = b"MMPKEND1" + struct.pack("<QQQ", len(self.index) if count is None else count, len(self.frames) if frames is None else frames, 0)
        name = sha256(index + footer).hex() + ".pack"
        (packs / name).write_bytes(header + b"".join(self.frames) + index + footer + sha256(header + index + footer))


def read_varint(data, at):
    value = shift = 0
    while True:
        value |= (data[at] & 0x7F) << shift
        shift, at = shift + 7, at + 1
        if data[at - 1] < 0x80:
            return value, at


def counts(kind, content):
    """Names, files and bytes that an entry of this content stands for, itself among them, as far as it makes sense."""
    try:
        if kind == FILE:
            return (1, 1, read_varint(content, 1)[0])
        if kind == DIRECTORY:
            length, at = read_varint(content, 1)
            at += 32 if length else 0
            found = []
            for _ in range(3):
                value, at = read_varint(content, at)
                found.append(value)
            return (1 + found[0], found[1], found[2])
    except IndexError:
        pass
    return (1, 0, 0)


class Entry(bytes):
    """One entry of a leaf, with what it counts for."""

    below = (1, 0, 0)


def entry(name, kind, content=b"", mode=0o644, flags=0, tail=b"", owner=0, nanoseconds=0):
    """`content` is what stands after the time, `tail` the attributes."""
    made = Entry(text(name) + bytes([kind, flags]) + varint(mode) + varint(owner) + svarint(TIME) + varint(nanoseconds) + content + tail)
    made.below = counts(kind, content)
    return made


def total(entries):
    found = [getattr(each, "below", (1, 0, 0)) for each in entries]
    return tuple(min(sum(column), MAX) for column in zip(*found)) if found else (0, 0, 0)


def attributes(pairs):
    return varint(len(pairs)) + b"".join(text(name) + text(value) for name, value in pairs)


OWNERS = varint(1) + varint(0) + varint(0) + text(b"root") + text(b"root")


def leaf(entries, owners=OWNERS):
    return owners + b"".join(entries)


class Forge:
    """A repository in the making. Nodes are given as entries; counts of what is below are told by the caller, or as they are."""

    def __init__(self, tree):
        self.tree = pathlib.Path(tree)
        self.top = self.tree / ".metamori"
        for name in ("packs", "checkpoints", "refs/tags", "refs/pins", "tmp", "cache", "locks", "trash", "restore"):
            (self.top / name).mkdir(parents=True)
        lines = b"metamori-repository 1\nid " + b"5a" * 16 + b"\n"
        (self.top / "format").write_bytes(lines + b"sha256 " + sha256(lines).hex().encode() + b"\n")
        self.chunks, self.parent, self.number = Chunks(), None, 0

    def file(self, name, data=b"hostile", **more):
        return entry(name, FILE, ref(0, len(data), self.chunks.put(data)) if data else EMPTY, **more)

    def link(self, name, target, **more):
        return entry(name, SYMLINK, text(target), **more)

    def directory(self, name, entries, below=None, length=None, mode=0o755, **more):
        """A directory of these entries in one leaf; `below`: names, files and bytes that it tells of, by default as many as there are."""
        listing = ref(0, len(entries) if length is None else length, self.chunks.put(leaf(entries))) if entries else EMPTY
        return entry(name, DIRECTORY, listing + b"".join(map(varint, total(entries) if below is None else below)), mode=mode, **more)

    def root(self, top, links=EMPTY):
        return self.chunks.put(b"\1" + leaf([top]) + links)

    def links(self, groups):
        data = b"".join(varint(len(group)) + b"".join(map(text, group)) for group in groups)
        return ref(0, len(data), self.chunks.put(data))

    def record(self, root, blob_lines=b"", entries=1, files=1, size=7, rules=b"", sections=None, parents=None, number=None, message=b"hostile\n"):
        """Publishes a checkpoint of that root as the next number."""
        self.number = number or self.number + 1
        blob = b"metamori-record 1\nroot %s\nentries %d\nfiles %d\nbytes %d\ncdc cdc1\n%sstart %d.000000000\nend %d.000000000\ncheck auto\n%s" % (
            root.hex().encode(), entries, files, size, rules, TIME, TIME, blob_lines)  # fmt: skip
        tree = b"100644 record\0" + git_id(b"blob", blob)
        parents = ([self.parent] if self.parent else []) if parents is None else parents
        person = b"metamori <metamori@localhost> %d +0000" % TIME
        commit = b"tree %s\n%sauthor %s\ncommitter %s\n\n%s" % (
            git_id(b"tree", tree).hex().encode(), b"".join(b"parent %s\n" % parent[1].hex().encode() for parent in parents), person, person, message)  # fmt: skip
        own = (self.number, git_id(b"commit", commit))
        head = parents[0] if parents else None
        found = {
            b"BLOB": blob, b"COMT": commit, b"GENR": varint(0), b"HAFT": position(own), b"HBEF": position(head), b"LINE": b"main",
            b"PARS": varint(len(parents)) + b"".join(map(position, parents)), b"TAGS": varint(0), b"TREE": tree,
        }  # fmt: skip
        self.publish(1, found | (sections or {}))
        self.parent = own
        return own

    def publish(self, kind, sections, name=None):
        data = b"MMRECRD1" + struct.pack("<HHIQ", kind, 0, 0, self.number)
        data += b"".join(tag + struct.pack("<I", len(value)) + value for tag, value in sorted(sections.items()))
        (self.top / "checkpoints" / (name or str(self.number))).write_bytes(data + sha256(data))

    def finish(self, **how):
        self.chunks.write(self.top / "packs", **how)

    def publish_tree(self, names, links=EMPTY, **more):
        """A checkpoint whose top holds these entries."""
        told = dict(zip(("entries", "files", "size"), total(names)))
        self.record(self.root(self.directory(b"", names), links), **(told | more))
        self.finish()


def position(place):
    return varint(0) if place is None else varint(place[0]) + place[1]


def write_ref(directory, name, number, commit):
    lines = b"metamori-ref 1\nnumber %d\nid %s\ntime %d\n" % (number, commit.hex().encode(), TIME)
    path = os.path.join(os.fsencode(directory), name)
    with open(path, "wb") as file:
        file.write(lines + b"sha256 " + sha256(lines).hex().encode() + b"\n")
