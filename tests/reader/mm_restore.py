"""Writes a checkpoint's tree to a new directory."""

import os
import stat
import sys

import mm_nodes as nodes
from mm_bytes import require


class Restore:
    def __init__(self, store, out):
        self.store = store
        self.out = os.fsencode(out)
        self.warnings = 0

    def warn(self, path, why):
        self.warnings += 1
        print(f"warning: {os.fsdecode(path)!r}: {why}", file=sys.stderr)

    def run(self, root_id):
        top, link_ref = nodes.read_root(self.store, root_id)
        first_of = {path: group[0] for group in nodes.read_links(self.store, link_ref) for path in group}
        if os.path.isdir(self.out):
            require(not os.listdir(self.out), "the target directory is not empty")
        else:
            os.mkdir(self.out, 0o700)
        directories, linked = [], {}
        for path, entry in nodes.walk(self.store, top):
            target = os.path.join(self.out, path) if path else self.out
            if entry.type == nodes.DIRECTORY:
                if path:
                    os.mkdir(target, 0o700)
                if entry.is_unknown:
                    self.warn(path, "its content is unknown")
                directories.append((target, path, entry))
                continue
            group = first_of.pop(path, None)
            if group is not None and group in linked:
                same_as, described = linked[group]
                require(describe(entry) == described, f"{path!r}: linked, but not the same as {group!r}")
                os.link(same_as, target, follow_symlinks=False)
                continue
            self.make(target, path, entry)
            if group is not None:
                linked[group] = (target, describe(entry))
        require(not first_of, "the link table names paths that are not in the tree")
        # Last, and from below: what was made inside has moved the times, and a mode may forbid writing.
        for target, path, entry in reversed(directories):
            self.describe_on_disk(target, path, entry)
        return self.warnings

    def make(self, target, path, entry):
        if entry.type == nodes.FILE:
            self.write(target, path, entry)
        elif entry.type == nodes.SYMLINK:
            os.symlink(entry.target, target)
        elif entry.type == nodes.FIFO:
            os.mkfifo(target, 0o600)
        else:
            kind = stat.S_IFCHR if entry.type == nodes.CHAR_DEVICE else stat.S_IFBLK
            try:
                os.mknod(target, kind | 0o600, os.makedev(*entry.device))
            except PermissionError:
                self.warn(path, "a device, and no right to make one")
                return
        self.describe_on_disk(target, path, entry)

    def write(self, target, path, entry):
        with open(target, "xb", buffering=0) as file:
            if entry.is_unknown:
                self.warn(path, "its content is unknown")
                return
            for piece in nodes.pieces(self.store, entry.content):
                if isinstance(piece, int):
                    file.seek(piece, os.SEEK_CUR)
                else:
                    require(file.write(piece) == len(piece), "a short write")
            file.truncate(entry.content.length)

    def describe_on_disk(self, target, path, entry):
        if os.geteuid() == 0:
            os.chown(target, entry.owner.uid, entry.owner.gid, follow_symlinks=False)
        for name, value in entry.attributes(self.store):
            try:
                os.setxattr(target, name, value, follow_symlinks=False)
            except OSError as error:
                self.warn(path, f"attribute {os.fsdecode(name)}: {error.strerror}")
        if entry.type != nodes.SYMLINK:
            os.chmod(target, entry.mode)
        time = entry.seconds * 10**9 + entry.nanoseconds
        os.utime(target, ns=(time, time), follow_symlinks=False)


def describe(entry):
    """Everything but the name: equal for the members of a link group."""
    return {key: value for key, value in vars(entry).items() if key != "name"}
