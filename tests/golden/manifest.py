"""The manifest beside a golden repository (its form is told in golden_manifest.hpp), and directories described in the same words."""

import collections
import hashlib
import os
import stat
from urllib.parse import unquote_to_bytes

from support import Violation, content_digest

DIGITS = 16
TYPES = {stat.S_IFREG: "f", stat.S_IFDIR: "d", stat.S_IFLNK: "l", stat.S_IFIFO: "p", stat.S_IFCHR: "c", stat.S_IFBLK: "b"}

# Of `content`, what a file takes on disk at most is kept apart.
Node = collections.namedtuple("Node", "type mode uid gid user group mtime content data attributes")


def bytes_of(field):
    return b"" if field == "-" else unquote_to_bytes(field)


def text_of(field):
    return bytes_of(field).decode(errors="surrogateescape")


def parse_attributes(field):
    pairs = (item.rpartition("=") for item in field.split(",") if field != "-")
    return {bytes_of(name): described for name, _, described in pairs}


def parse_node(fields):
    kind, mode, uid, gid, user, group, mtime, content, attributes = fields
    data = 0
    if kind == "f" and content != "unknown":
        size, data, digest = content.split(":")
        content, data = f"{size}:{digest}", int(data)
    return Node(kind, int(mode, 8), int(uid), int(gid), text_of(user), text_of(group), mtime, content, data, parse_attributes(attributes))


class Record:
    def __init__(self, fields):
        number, self.kind, self.id, self.root, line, tags = fields
        self.number, self.line = int(number), text_of(line)
        self.tags = [text_of(tag) for tag in tags.split(",") if tags != "-"]
        self.verdicts, self.links, self.nodes = {}, [], {}

    @property
    def has_tree(self):
        return self.kind in ("checkpoint", "safety")


def read(path):
    """All records, by number."""
    records, nodes, record = {}, {}, None
    for line in path.read_text(encoding="ascii").splitlines():
        word, *fields = line.split(" ")
        if word == "record":
            record = Record(fields)
            records[record.number] = record
            if record.has_tree:
                record.nodes = nodes = dict(nodes)
        elif word == "verdict":
            record.verdicts[bytes_of(fields[0])] = (int(fields[1]), int(fields[2]))
        elif word == "links":
            record.links.append([bytes_of(field) for field in fields])
        elif word == "node":
            nodes[bytes_of(fields[0])] = parse_node(fields[1:])
        else:
            del nodes[bytes_of(fields[0])]
    return records


def attributes_on_disk(path):
    found = {}
    for name in os.listxattr(path, follow_symlinks=False):
        value = os.getxattr(path, name, follow_symlinks=False)
        found[os.fsencode(name)] = f"{len(value)}:{hashlib.sha256(value).hexdigest()[:DIGITS]}"
    return found


def digest_on_disk(path, info):
    """Opens what its mode forbids, too, and leaves the mode as it was."""
    is_shut = os.geteuid() != 0 and not info.st_mode & stat.S_IRUSR
    if is_shut:
        os.chmod(path, stat.S_IMODE(info.st_mode) | stat.S_IRUSR)
    fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
    if is_shut:
        os.chmod(path, stat.S_IMODE(info.st_mode))
    try:
        return content_digest(fd, info.st_size)[:DIGITS]
    finally:
        os.close(fd)


def node_on_disk(path):
    """The node at `path`, and its inode if it has other names."""
    info = os.lstat(path)
    kind, content, data = TYPES[stat.S_IFMT(info.st_mode)], "-", 0
    if kind == "f":
        content, data = f"{info.st_size}:{digest_on_disk(path, info)}", info.st_blocks * 512
    elif kind == "l":
        content = os.readlink(path)
    elif kind in "cb":
        content = f"{os.major(info.st_rdev)}:{os.minor(info.st_rdev)}"
    seconds, nanoseconds = divmod(info.st_mtime_ns, 10**9)
    node = Node(kind, stat.S_IMODE(info.st_mode), info.st_uid, info.st_gid, None, None, f"{seconds}.{nanoseconds:09}", content, data, attributes_on_disk(path))
    return node, info.st_ino if kind != "d" and info.st_nlink > 1 else None


def directory_on_disk(top):
    """Everything below `top` but a repository in it: nodes by path, and groups of hard links."""
    nodes, inodes = {b"": node_on_disk(top)[0]}, {}
    stack = [b""]
    while stack:
        directory = stack.pop()
        for name in sorted(os.listdir(os.path.join(top, directory))):
            path = os.path.join(directory, name)
            if path == b".metamori":
                continue
            nodes[path], inode = node_on_disk(os.path.join(top, path))
            if nodes[path].type == "d":
                stack.append(path)
            if inode:
                inodes.setdefault(inode, []).append(path)
    return nodes, sorted(sorted(group) for group in inodes.values() if len(group) > 1)


def link_target(node):
    """A link's target is written as a field in the manifest, and as it is on disk."""
    return bytes_of(node.content) if isinstance(node.content, str) else node.content


def expect_equal(found, expected, what):
    """Both are nodes by path; names of owners, and what files take on disk, are not compared."""
    wrong = []
    for path in sorted(found.keys() | expected.keys()):
        mine, theirs = found.get(path), expected.get(path)
        if mine is None or theirs is None:
            wrong.append(f"{path!r} is {'missing' if mine is None else 'too much'}")
            continue
        pairs = {key: (getattr(mine, key), getattr(theirs, key)) for key in ("type", "mode", "uid", "gid", "mtime", "content", "attributes")}
        if mine.type == theirs.type == "l":
            pairs["content"] = link_target(mine), link_target(theirs)
        wrong += [f"{path!r}: {key} {one!r}, expected {other!r}" for key, (one, other) in pairs.items() if one != other]
    if wrong:
        raise Violation(f"{what}: {len(wrong)} differ: {'; '.join(wrong[:4])}")
