"""Sections 6, 7 and 8 of docs/format.md: streams, listings, the root, the link table."""

import collections

from mm_bytes import Reader, require

MAX_LEVEL = 15
MAX_CHUNK = 4 << 20
HOLE = bytes(32)
FILE, DIRECTORY, SYMLINK, FIFO, CHAR_DEVICE, BLOCK_DEVICE = range(1, 7)

StreamRef = collections.namedtuple("StreamRef", "level length id")
Owner = collections.namedtuple("Owner", "uid gid user group")


def decode_ref(fields):
    level, length = fields.u8(), fields.varint()
    chunk_id = fields.take(32) if length else b""
    if level > MAX_LEVEL or (length == 0 and level != 0) or chunk_id == HOLE or (level == 0 and length > MAX_CHUNK):
        fields.fail("a bad stream reference")
    return StreamRef(level, length, chunk_id)


def extents(store, ref):
    """Pairs of id (HOLE for a hole) and length, in order."""
    if ref.length == 0:
        return
    was_hole = False
    stack = [iter([(ref.id, ref.length)])]
    while stack:
        item = next(stack[-1], None)
        if item is None:
            stack.pop()
            continue
        level = ref.level - len(stack) + 1
        if level > 0:
            stack.append(iter(decode_list(store, item, level, level == ref.level)))
            continue
        is_hole = item[0] == HOLE
        require(not (is_hole and was_hole), "two holes next to each other")
        was_hole = is_hole
        yield item


def decode_list(store, item, level, is_top):
    chunk_id, span = item
    fields = Reader(store.read(chunk_id), f"list {chunk_id.hex()}")
    items = []
    while fields.left():
        items.append((fields.take(32), fields.varint()))
        if items[-1][1] == 0 or (items[-1][0] == HOLE and level > 1):
            fields.fail("a bad item")
    if sum(length for _, length in items) != span:
        fields.fail("its spans don't add up")
    if is_top and len(items) == 1 and items[0][0] != HOLE:
        fields.fail("a level too many")
    return items


def pieces(store, ref):
    """The content in order: bytes, or the length of a hole as a number."""
    for chunk_id, length in extents(store, ref):
        if chunk_id == HOLE:
            yield length
            continue
        data = store.read(chunk_id)
        require(len(data) == length, f"chunk {chunk_id.hex()}: its length is not what the list says")
        yield data


def read_stream(store, ref):
    """The bytes of a stream that is no file's content, hence has no holes."""
    parts = list(pieces(store, ref))
    require(all(isinstance(part, bytes) for part in parts), "a hole where none may be")
    return b"".join(parts)


class Entry:
    """One name. `content` is a reference, or None when it is unknown."""

    def __init__(self, fields, owners, name_rule):
        self.name = fields.bytes()
        name_rule(fields, self.name)
        self.type, flags, self.mode = fields.u8(), fields.u8(), fields.varint()
        if not FILE <= self.type <= BLOCK_DEVICE or flags > 7 or self.mode > 0o7777:
            fields.fail("a field out of range")
        self.owner = owners.use(fields.varint())
        self.seconds, self.nanoseconds = fields.svarint(), fields.varint()
        if self.nanoseconds >= 10**9:
            fields.fail("nanoseconds out of range")
        self.is_unknown = bool(flags & 4)
        if self.is_unknown and self.type not in (FILE, DIRECTORY):
            fields.fail("unknown content of what has none")
        self.content, self.size, self.target, self.device = None, 0, b"", None
        self.below = [0, 0, 0]
        self.decode_content(fields)
        self.decode_attributes(fields, flags)

    def decode_content(self, fields):
        if self.type == FILE:
            if self.is_unknown:
                self.size = fields.varint()
            else:
                self.content = decode_ref(fields)
                self.size = self.content.length
        elif self.type == DIRECTORY and not self.is_unknown:
            self.content = decode_ref(fields)
            self.below = [fields.varint() for _ in range(3)]
        elif self.type == SYMLINK:
            self.target = fields.bytes()
            if not 1 <= len(self.target) <= 4095 or b"\0" in self.target:
                fields.fail("a bad target")
            self.size = len(self.target)
        elif self.type in (CHAR_DEVICE, BLOCK_DEVICE):
            self.device = (fields.varint(), fields.varint())

    def decode_attributes(self, fields, flags):
        self.inline, self.attribute_stream = [], None
        if flags & 2:
            if not flags & 1:
                fields.fail("attributes in a stream, but none")
            self.attribute_stream = decode_ref(fields)
            if self.attribute_stream.length <= 2048:
                fields.fail("attributes that should stand inline")
        elif flags & 1:
            before = fields.at
            self.inline = decode_attribute_set(fields)
            if fields.at - before > 2048:
                fields.fail("attributes that should be a stream")

    def attributes(self, store):
        if self.attribute_stream is None:
            return self.inline
        fields = Reader(read_stream(store, self.attribute_stream), "attributes")
        found = decode_attribute_set(fields)
        fields.end()
        return found


def decode_attribute_set(fields):
    found = []
    for _ in range(fields.varint()):
        name, value = fields.bytes(), fields.bytes()
        if not 1 <= len(name) <= 255 or b"\0" in name or (found and found[-1][0] >= name):
            fields.fail("bad attributes")
        found.append((name, value))
    if not found:
        fields.fail("an empty set of attributes")
    return found


class Owners:
    """The owners at the front of a leaf, which its entries use in their order."""

    def __init__(self, fields):
        self.fields = fields
        self.table = [Owner(fields.varint(), fields.varint(), fields.bytes(), fields.bytes()) for _ in range(fields.varint())]
        self.used = 0
        if len(set(self.table)) != len(self.table):
            fields.fail("an owner twice")

    def use(self, index):
        if index > self.used or index >= len(self.table):
            self.fields.fail("owners out of order")
        self.used = max(self.used, index + 1)
        return self.table[index]

    def end(self):
        if self.used != len(self.table):
            self.fields.fail("an owner of nothing")


def component(fields, name):
    if not 1 <= len(name) <= 255 or b"/" in name or b"\0" in name or name in (b".", b"..", b".metamori"):
        fields.fail("a bad name")


def empty(fields, name):
    if name:
        fields.fail("the top has a name")


def decode_leaf(store, chunk_id, count):
    fields = Reader(store.read(chunk_id), f"leaf {chunk_id.hex()}")
    owners = Owners(fields)
    entries = []
    while fields.left():
        entries.append(Entry(fields, owners, component))
    owners.end()
    if len(entries) != count:
        fields.fail("not as many entries as counted")
    return entries


def decode_node(store, chunk_id, count, is_top):
    """Triples of first name, entries, id."""
    fields = Reader(store.read(chunk_id), f"node {chunk_id.hex()}")
    children = []
    while fields.left():
        children.append((fields.bytes(), fields.varint(), fields.take(32)))
        component(fields, children[-1][0])
        if children[-1][1] == 0 or children[-1][2] == HOLE:
            fields.fail("a bad child")
    if sum(child[1] for child in children) != count:
        fields.fail("not as many entries as counted")
    if is_top and len(children) == 1:
        fields.fail("a level too many")
    return children


def listing(store, ref):
    """The entries of a directory, in order."""
    if ref.length == 0:
        return
    previous = b""
    stack = [iter([(None, ref.length, ref.id)])]
    while stack:
        child = next(stack[-1], None)
        if child is None:
            stack.pop()
            continue
        first_name, count, chunk_id = child
        level = ref.level - len(stack) + 1
        if level > 0:
            children = decode_node(store, chunk_id, count, level == ref.level)
            require(first_name in (None, children[0][0]), f"node {chunk_id.hex()}: not the first name told above")
            stack.append(iter(children))
            continue
        entries = decode_leaf(store, chunk_id, count)
        require(first_name in (None, entries[0].name), f"leaf {chunk_id.hex()}: not the first name told above")
        for entry in entries:
            require(previous < entry.name, f"leaf {chunk_id.hex()}: names out of order")
            previous = entry.name
            yield entry


def read_root(store, root_id):
    """The entry of the top and the reference of the link table."""
    fields = Reader(store.read(root_id), f"root {root_id.hex()}")
    if fields.u8() != 1:
        fields.fail("an unknown version")
    owners = Owners(fields)
    top = Entry(fields, owners, empty)
    owners.end()
    if top.type != DIRECTORY:
        fields.fail("the top is no directory")
    links = decode_ref(fields)
    fields.end()
    return top, links


def read_links(store, ref):
    fields = Reader(read_stream(store, ref), "link table")
    groups, seen = [], set()
    while fields.left():
        group = [fields.bytes() for _ in range(fields.varint())]
        if len(group) < 2 or group != sorted(set(group)) or (groups and groups[-1][0] >= group[0]):
            fields.fail("a bad group")
        for path in group:
            if path in seen:
                fields.fail("a path in two groups")
            seen.add(path)
            for name in path.split(b"/"):
                component(fields, name)
        groups.append(group)
    return groups


def children_of(store, entry):
    return listing(store, entry.content) if entry.content else iter(())


def walk(store, top):
    """Pairs of path and entry, parents first, checking what directories tell of what is below: entries, files among them, their bytes."""
    yield b"", top
    stack = [(b"", top, children_of(store, top), [0, 0, 0])]
    while stack:
        path, directory, rest, below = stack[-1]
        entry = next(rest, None)
        if entry is None:
            stack.pop()
            below[2] = min(below[2], 2**64 - 1)
            require(directory.is_unknown or below == directory.below, f"{path!r}: what is below is not what is told")
            if stack:
                above = stack[-1][3]
                above[:] = [own + inner for own, inner in zip(above, below)]
            continue
        below[0] += 1
        if entry.type == FILE:
            below[1] += 1
            below[2] += entry.size
        child = path + b"/" + entry.name if path else entry.name
        yield child, entry
        if entry.type == DIRECTORY:
            stack.append((child, entry, children_of(store, entry), [0, 0, 0]))
