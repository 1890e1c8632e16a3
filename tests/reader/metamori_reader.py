#!/usr/bin/python3
"""An independent reader of Metamori repositories, written from docs/format.md alone: the tests restore repositories with it.

  metamori_reader.py log REPO              numbers, kinds and ids of all records
  metamori_reader.py list REPO REV         type, size and path of every entry
  metamori_reader.py restore REPO REV DIR  writes the tree to DIR, which must be empty or absent
  metamori_reader.py verify REPO           reads every record, frame, chunk, and every tree

REPO is a repository, a tree that holds one, or a `.metamori` file that points at one; REV is a number or HEAD.
Exit code: 0 done, 1 corrupt or failed, 2 usage, 3 done with warnings.
"""

import sys

import mm_nodes as nodes
import mm_records as records
from mm_bytes import Corrupt
from mm_restore import Restore
from mm_store import Store, find_repository

KINDS = {1: "checkpoint", 2: "safety", 3: "move", 4: "tombstone"}
TYPES = {1: "file", 2: "directory", 3: "symlink", 4: "fifo", 5: "char", 6: "block"}


def printed(path):
    """Bytes as they are, but for what would break the line."""
    return path.replace(b"\\", b"\\\\").replace(b"\n", b"\\n")


def log(path):
    for number, record in sorted(records.read_records(path).items()):
        print(number, KINDS[record.kind], record.id.hex() or "-")
    return 0


def list_tree(path, revision):
    store = Store(path)
    top, _ = nodes.read_root(store, records.resolve(records.read_records(path), revision).root())
    for name, entry in nodes.walk(store, top):
        sys.stdout.buffer.write(b"%s\t%d\t%s\n" % (TYPES[entry.type].encode(), entry.size, printed(name or b".")))
    return 0


def restore(path, revision, out):
    found = records.resolve(records.read_records(path), revision)
    return 3 if Restore(Store(path), out).run(found.root()) else 0


def verify(path):
    store = Store(path)
    chunks = store.verify()
    found = records.read_records(path)
    roots = {record.root() for record in found.values() if record.kind in (records.CHECKPOINT, records.SAFETY)}
    entries = 0
    for root_id in roots:
        top, link_ref = nodes.read_root(store, root_id)
        nodes.read_links(store, link_ref)
        for _, entry in nodes.walk(store, top):
            entries += 1
            entry.attributes(store)
            if entry.type == nodes.FILE and entry.content:
                for _ in nodes.pieces(store, entry.content):
                    pass
    print(f"{len(store.packs)} packs, {chunks} chunks, {len(found)} records, {len(roots)} trees, {entries} entries: good")
    return 0


def main(arguments):
    commands = {"log": (log, 1), "list": (list_tree, 2), "restore": (restore, 3), "verify": (verify, 1)}
    if not arguments or arguments[0] not in commands or len(arguments) - 1 != commands[arguments[0]][1]:
        print(__doc__.strip(), file=sys.stderr)
        return 2
    try:
        command = commands[arguments[0]][0]
        return command(find_repository(arguments[1]), *arguments[2:])
    except (Corrupt, OSError) as error:
        print(f"metamori_reader: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
