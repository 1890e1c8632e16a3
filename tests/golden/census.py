"""Counts, with the independent reader, which features of the format a repository holds."""

import collections
import os
import re

import mm_nodes as nodes
import mm_records as records
from mm_bytes import Reader
from mm_store import Store, find_repository

# What the golden repository was made to hold: the least count of each.
WANTED = {
    "form 0 plain": 30, "form 1 group": 15, "form 2 delta": 8, "form 3 patch": 8, "codec 0": 10, "codec 1": 30,
    "filter 2": 1, "filter 4": 1, "filter 8": 1, "depth 16": 1, "bases 2": 1,
    "kind 0": 30, "kind 1": 2, "kind 2": 10, "kind 3": 8,
    "file level 0": 100, "file level 1": 5, "file level 2": 5, "directory level 0": 50, "directory level 2": 2,
    "hole first": 5, "hole last": 5, "hole alone": 5, "longer than 4 GiB": 1,
    "attributes inline": 5, "attributes stream": 5, "link groups": 20, "unknown file": 2, "unknown directory": 2,
    "owners of a leaf 3": 5, "time before 1970": 5,
    "record 1": 8, "record 2": 5, "record 3": 5, "record 4": 2, "folded": 3, "move 1": 2, "move 2": 1, "move 3": 1,
    "tombstone 1 held": 1, "tombstone 2 gone": 1, "line main": 6, "line main-9": 2, "tags in a record": 1, "tag file": 2, "tag deleted": 1, "pin": 1,
    "rules": 3, "scope": 1, "image": 1, "verdict 1": 2, "verdict 2": 2, "verdict 3": 1, "verdict 4": 1, "verdict 5": 6,
    "cache": 4, "generation": 1, "config": 1,
}  # fmt: skip


def count_frames(store, found):
    names = ("plain", "group", "delta", "patch")
    for pack in store.packs:
        for frame in pack.walk():
            found[f"form {frame.form} {names[frame.form]}"] += 1
            found[f"codec {frame.codec}"] += 1
            found[f"filter {frame.filter}"] += 1
            found[f"depth {frame.depth}"] += 1
            if frame.form >= 2:
                found[f"bases {frame.body[0]}"] += 1
            found[f"kind {frame.kind}"] += 1


def count_holes(extents, found):
    holes = [chunk_id == nodes.HOLE for chunk_id, _ in extents]
    if holes == [True]:
        found["hole alone"] += 1
    elif holes:
        found["hole first"] += holes[0]
        found["hole last"] += holes[-1]


def count_tree(store, root, found):
    top, links = nodes.read_root(store, root)
    found["link groups"] += len(nodes.read_links(store, links))
    for _, entry in nodes.walk(store, top):
        kind = {nodes.FILE: "file", nodes.DIRECTORY: "directory"}.get(entry.type)
        if kind and entry.is_unknown:
            found[f"unknown {kind}"] += 1
        elif kind:
            found[f"{kind} level {entry.content.level}"] += 1
        if entry.type == nodes.FILE and entry.content:
            count_holes(list(nodes.extents(store, entry.content)), found)
            found["longer than 4 GiB"] += entry.size > 1 << 32
        found["attributes inline"] += bool(entry.inline)
        found["attributes stream"] += entry.attribute_stream is not None
        found["time before 1970"] += entry.seconds < 0
    for chunk_id in {entry.content.id for _, entry in nodes.walk(store, top) if entry.type == nodes.DIRECTORY and entry.content and entry.content.length and entry.content.level == 0}:
        fields = Reader(store.read(chunk_id), "leaf")
        found[f"owners of a leaf {fields.varint()}"] += 1


def stream_of(text):
    level, length, chunk_id = text.decode().split(":")
    return nodes.StreamRef(int(level), int(length), bytes.fromhex(chunk_id))


def count_record(store, record, found):
    found[f"record {record.kind}"] += 1
    sections = record.sections
    if record.kind == records.MOVE:
        found[f"move {sections[b'MOVE'][0]}"] += 1
        return
    if record.kind == records.TOMBSTONE:
        found[f"tombstone {sections[b'TOMB'][0]} {'held' if sections[b'TOMB'][1] else 'gone'}"] += 1
        return
    if b"LINE" in sections:
        found[f"line {sections[b'LINE'].decode()}"] += 1
    found["tags in a record"] += b"TAGS" in sections
    keys = record.keys()
    for key in ("rules", "scope"):
        found[key] += key in keys
    found["image"] += all(key in keys for key in ("image-kind", "image-id", "image-digest"))
    if "verdicts" in keys:
        fields = Reader(nodes.read_stream(store, stream_of(keys["verdicts"])), "verdicts")
        while fields.left():
            fields.bytes()
            found[f"verdict {fields.u8()}"] += 1
            fields.u8()
    count_tree(store, record.root(), found)


def count_references(path, found):
    for name in sorted(os.listdir(os.path.join(path, "refs/tags"))):
        with open(os.path.join(path, "refs/tags", name), "rb") as file:
            found["tag deleted" if b"\nnumber 0\n" in file.read() else "tag file"] += 1
    found["pin"] = len(os.listdir(os.path.join(path, "refs/pins")))
    for name in os.listdir(os.path.join(path, "checkpoints")):
        if span := re.fullmatch(r"(\d+)-(\d+)", name):
            found["folded"] += int(span[2]) - int(span[1]) + 1
    for name in ("generation", "config"):
        found[name] += os.path.isfile(os.path.join(path, name))
    found["cache"] = sum(len(names) for _, _, names in os.walk(os.path.join(path, "cache")))


def count(tree):
    """Features by name."""
    path, found = find_repository(tree), collections.Counter()
    store = Store(path)
    count_frames(store, found)
    for record in records.read_records(path).values():
        count_record(store, record, found)
    count_references(path, found)
    return found


def missing(tree):
    """What is wanted and not held, in words."""
    found = count(tree)
    return [f"{name}: {found[name]} of {least}" for name, least in WANTED.items() if found[name] < least]
