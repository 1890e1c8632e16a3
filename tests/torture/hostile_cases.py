"""What a repository from somebody else may hold: each case writes one. Its first checkpoint is what is looked at and restored."""

import dataclasses
import os
import struct
import typing

import xxhash
import zstandard
from hostile_forge import (
    BLOCK_DEVICE, CHAR_DEVICE, DELTA, DIRECTORY, EMPTY, FIFO, FILE, GROUP, HOLE, MAX, OWNERS, PATCH, PLAIN, SYMLINK,
    Forge, attributes, entry, leaf, position, ref, sha256, text, varint, write_ref,
)  # fmt: skip

HUGE = 1 << 62


@dataclasses.dataclass
class Case:
    name: str
    forge: typing.Callable  # (Forge, outside): writes all
    is_damaged: bool = True  # not as docs/format.md has it: verify must say so
    prepare: typing.Callable | None = None  # (directory, outside): what is there before a restore into it
    is_endless: bool = False  # well formed, and larger than any disk: it need not end
    words: tuple = ()  # a command to try besides


def listing(*names, **more):
    return lambda forge, outside: forge.publish_tree([name(forge) if callable(name) else name for name in names], **more)


# Names.

BAD_NAMES = {
    "empty": b"", "dot": b".", "dot-dot": b"..", "up": b"../planted", "far up": b"../../../../../../tmp/planted", "absolute": b"/planted", "slash": b"in/planted",
    "NUL": b"a\0b", "dot-dot NUL": b"..\0", "repository": b".metamori", "too long": b"n" * 256, "slash at the end": b"planted/",
}  # fmt: skip
KINDS = {
    "file": lambda forge, name: forge.file(name, b"planted"),
    "directory": lambda forge, name: forge.directory(name, [forge.file(b"planted")]),
    "link": lambda forge, name: forge.link(name, b"/"),
    "FIFO": lambda forge, name: entry(name, FIFO),
}


def bad_names():
    for title, name in BAD_NAMES.items():
        for kind, make in KINDS.items():
            yield Case(f"a {kind} named {title}", lambda forge, _, name=name, make=make: forge.publish_tree([make(forge, name)]))
        yield Case(f"{title} in a directory", lambda forge, _, name=name: forge.publish_tree([forge.directory(b"d", [forge.file(name, b"planted")])]))


def order():
    make = {"file": lambda f: f.file(b"d", b"planted"), "link": lambda f: f.link(b"d", OUTSIDE), "directory": lambda f: f.directory(b"d", [f.file(b"planted")])}
    for first, one in make.items():
        for second, two in make.items():
            yield Case(f"twice the same name: {first}, {second}", listing(one, two))
    yield Case("names out of order", listing(lambda f: f.file(b"b"), lambda f: f.file(b"a")))


OUTSIDE = b"../outside"  # seen from the tree, and from where it is restored to


def links_in_the_way():
    """What somebody put where a restore goes to, as far as the restore is let into it."""
    tree = listing(lambda f: f.directory(b"d", [f.directory(b"e", [f.file(b"planted")])]), lambda f: f.file(b"planted"))
    ways = {
        "a directory that is a link": lambda place, outside: os.symlink(outside, os.path.join(place, b"d")),
        "a directory below that is a link": lambda place, outside: (os.mkdir(os.path.join(place, b"d")), os.symlink(outside, os.path.join(place, b"d/e"))),
        "a file that is a link to a file": lambda place, outside: os.symlink(outside + b"/victim", os.path.join(place, b"planted")),
        "a file that is a link to nothing": lambda place, outside: os.symlink(outside + b"/new", os.path.join(place, b"planted")),
        "a file that is a link to a directory": lambda place, outside: os.symlink(outside, os.path.join(place, b"planted")),
        "a file that is another name of one outside": lambda place, outside: os.link(outside + b"/victim", os.path.join(place, b"planted")),
        "a file that is a FIFO": lambda place, outside: os.mkfifo(os.path.join(place, b"planted")),
        "a directory that is a file": lambda place, outside: os.link(outside + b"/victim", os.path.join(place, b"d")),
    }
    for title, prepare in ways.items():
        yield Case(f"in the way: {title}", tree, is_damaged=False, prepare=prepare)
    yield Case("a link that is followed by what looks like being below it", listing(lambda f: f.link(b"d", OUTSIDE), lambda f: f.directory(b"d-", [f.file(b"planted")])), is_damaged=False)
    yield Case("a link through which files are asked for", listing(lambda f: f.link(b"d", OUTSIDE)), is_damaged=False, words=("restore", "1", "d/victim", "--force"))


def link_tables():
    # Whether the names of a table are those of files that are alike is not verify's: who restores looks.
    def table(*groups, names=(b"a", b"b"), extra=()):
        def forge(made, _):
            entries = [made.file(name) for name in names] + [each(made) for each in extra]
            made.publish_tree(entries, made.links(groups))

        return forge

    bad = {
        "up": [(b"../outside/new", b"a")], "up inside": [(b"a", b"b/../../outside/new")], "absolute": [(b"/tmp/planted", b"a")], "into the repository": [(b".metamori/config", b"a")],
        "empty path": [(b"", b"a")], "one name": [(b"a",)], "no name": [()], "twice": [(b"a", b"a")], "out of order": [(b"b", b"a")],
        "in two groups": [(b"a", b"b"), (b"b", b"c")], "NUL": [(b"a", b"a\0")], "trailing slash": [(b"a", b"b/")],
    }  # fmt: skip
    for title, groups in bad.items():
        yield Case(f"linked: {title}", table(*groups, names=(b"a", b"b", b"c")))
    yield Case("linked: a directory", table((b"a", b"d"), names=(b"a",), extra=[lambda f: f.directory(b"d", [])]), is_damaged=False)
    yield Case("linked: a link and a file", table((b"a", b"l"), names=(b"a",), extra=[lambda f: f.link(b"l", b"/etc/passwd")]), is_damaged=False)
    yield Case("linked: through a link", table((b"a", b"l/victim"), names=(b"a",), extra=[lambda f: f.link(b"l", OUTSIDE)]), is_damaged=False)
    yield Case("linked: nowhere", table((b"a", b"nowhere"), names=(b"a",)), is_damaged=False)
    yield Case("linked: files that differ", lambda f, _: f.publish_tree([f.file(b"a", b"one"), f.file(b"b", b"two")], f.links([(b"a", b"b")])), is_damaged=False)
    yield Case("linked: a count beyond all", lambda f, _: f.publish_tree([f.file(b"a")], ref(0, 10, f.chunks.put(varint(MAX)[:10].ljust(10, b"\1")))))
    yield Case("linked: a length beyond all", lambda f, _: f.publish_tree([f.file(b"a")], ref(3, HUGE, f.chunks.put(HOLE + varint(HUGE)))))


def targets():
    for title, target, is_damaged in (("empty", b"", True), ("NUL", b"a\0b", True), ("too long", b"t" * 4096, True), ("of all the kernel takes", b"t" * 4095, False), ("up", b"../../../../etc", False)):
        yield Case(f"a link's target: {title}", listing(lambda f, target=target: f.link(b"l", target)), is_damaged=is_damaged)


# What may not come back unless asked for.


def privileges():
    for mode in (0o4755, 0o2755, 0o6777, 0o7777):
        yield Case(f"a file of mode {mode:o}", listing(lambda f, mode=mode: f.file(b"privileged", mode=mode)), is_damaged=False)
    yield Case("a mode of more than 12 bits", listing(lambda f: f.file(b"privileged", mode=0o104755)))
    for title, kind, numbers in (("memory", CHAR_DEVICE, (1, 1)), ("disk", BLOCK_DEVICE, (8, 0)), ("huge numbers", CHAR_DEVICE, (MAX, MAX))):
        yield Case(f"a device: {title}", listing(entry(b"device", kind, b"".join(map(varint, numbers)))), is_damaged=max(numbers) == MAX)
    pairs = {
        "a capability": [(b"security.capability", b"\1\0\0\2\xff\xff\xff\xff" + bytes(12))], "trusted": [(b"trusted.overlay.opaque", b"y")], "SELinux": [(b"security.selinux", b"system_u:object_r:bin_t:s0\0")],
        "no ACL": [(b"system.posix_acl_access", b"nonsense")], "of no such kind": [(b"nonsense", b"x")],
    }  # fmt: skip
    for title, each in pairs.items():
        yield Case(f"an attribute: {title}", listing(lambda f, each=each: f.file(b"attributed", flags=1, tail=attributes(each))), is_damaged=False)
    bad = {
        "no name": attributes([(b"", b"x")]), "NUL": attributes([(b"user.\0", b"x")]), "too long": attributes([(b"user." + b"n" * 256, b"x")]), "twice": attributes([(b"user.a", b"1"), (b"user.a", b"2")]),
        "out of order": attributes([(b"user.b", b"1"), (b"user.a", b"2")]), "none": varint(0), "a count beyond all": varint(MAX), "a length beyond all": varint(1) + text(b"user.a") + varint(HUGE),
        "too large to be inline": attributes([(b"user.a", b"x" * 3000)]),
    }  # fmt: skip
    for title, tail in bad.items():
        yield Case(f"attributes: {title}", listing(lambda f, tail=tail: f.file(b"attributed", flags=1, tail=tail)))
    yield Case("attributes: a stream beyond all", listing(lambda f: f.file(b"attributed", flags=3, tail=ref(2, HUGE, f.chunks.put(HOLE + varint(HUGE))))))


# Streams and trees.


def streams():
    def of(make):
        return lambda forge, _: forge.publish_tree([entry(b"a", FILE, make(forge.chunks))])

    def chain(chunks, levels):
        chunk = chunks.put(b"hostile")
        for _ in range(levels):
            chunk = chunks.put(chunk + varint(7))
        return ref(levels, 7, chunk)

    def doubled(chunks, levels, count=500):
        """What grows 500-fold with every level."""
        chunk, length = chunks.put(b"\1" * (4 << 20)), 4 << 20
        for _ in range(levels):
            chunk, length = chunks.put((chunk + varint(length)) * count), length * count
        return ref(levels, length, chunk)

    data = b"hostile"
    yield from (
        Case("a length that is not the chunk's", of(lambda c: ref(0, 8, c.put(data)))),
        Case("a chunk longer than any", of(lambda c: ref(0, 5 << 20, c.put(b"x" * (5 << 20))))),
        Case("a length of 2^62 in one chunk", of(lambda c: ref(0, HUGE, c.put(data)))),
        Case("a level beyond the last", of(lambda c: ref(16, 7, c.put(data)))),
        Case("a level 255", of(lambda c: ref(255, 7, c.put(data)))),
        Case("levels that only lead on", of(lambda c: chain(c, 15))),
        Case("no such chunk", of(lambda c: ref(0, 7, sha256(b"nowhere")))),
        Case("no such list", of(lambda c: ref(4, 7, sha256(b"nowhere")))),
        Case("a list that is data", of(lambda c: ref(1, 7, c.put(data)))),
        Case("a list of nothing", of(lambda c: ref(1, 7, c.put(b"")))),
        Case("a list cut short", of(lambda c: ref(1, 14, c.put(((c.put(data) + varint(7)) * 2)[:40])))),
        Case("spans that add up to less", of(lambda c: ref(1, 15, c.put((c.put(data) + varint(7)) * 2)))),
        Case("spans that add up beyond 2^64", of(lambda c: ref(1, 6, c.put((c.put(data) + varint(MAX)) + c.put(data) + varint(7))))),
        Case("a span of nothing", of(lambda c: ref(1, 7, c.put(c.put(data) + varint(7) + c.put(data) + varint(0))))),
        Case("holes side by side", of(lambda c: ref(1, 16384, c.put((HOLE + varint(8192)) * 2)))),
        Case("a hole among lists", of(lambda c: ref(2, 14, c.put(HOLE + varint(7) + c.put(data + HOLE) + varint(7))))),
        Case("a list longer than any", of(lambda c: ref(1, 7 * 600, c.put((c.put(data) + varint(7)) * 600)))),
        Case("nothing of a level", of(lambda c: bytes([3]) + varint(0))),
        Case("a long spelling", of(lambda c: b"\0\x87\x00" + c.put(data))),
        Case("a hole beyond any disk", of(lambda c: ref(1, (1 << 63) - 1, c.put(HOLE + varint((1 << 63) - 1)))), is_damaged=False),
        Case("a hole of 2^64 - 1", of(lambda c: ref(1, MAX, c.put(HOLE + varint(MAX)))), is_damaged=False),
        Case("data that multiplies", of(lambda c: doubled(c, 4)), is_damaged=False, is_endless=True),
        Case("data that overflows", of(lambda c: doubled(c, 7))),
    )


def leaves():
    def top(raw, length=1, level=0):
        def forge(made, _):
            data = raw(made) if callable(raw) else raw
            counts = (length, length, min(7 * length, MAX))  # nothing else is wrong
            root = made.root(entry(b"", DIRECTORY, ref(level, length, made.chunks.put(data)) + b"".join(map(varint, counts)), mode=0o755))
            made.record(root, entries=length, files=length, size=counts[2])
            made.finish()

        return forge

    file = lambda f, **more: f.file(b"a", **more)  # noqa: E731
    two = varint(2) + 2 * (varint(0) * 2 + text(b"root") * 2)
    yield from (
        Case("a listing of more names than told", top(lambda f: leaf([f.file(b"a"), f.file(b"b")]))),
        Case("a listing of fewer names than told", top(lambda f: leaf([file(f)]), length=2)),
        Case("a listing of 2^62 names", top(lambda f: leaf([file(f)]), length=HUGE)),
        Case("a listing that is no leaf", top(b"nonsense")),
        Case("a listing of a level it has not", top(lambda f: leaf([file(f)]), level=1)),
        Case("a listing of level 255", top(lambda f: leaf([file(f)]), level=255)),
        Case("a listing that tells of one child", top(lambda f: text(b"a") + varint(1) + f.chunks.put(leaf([file(f)])), level=1)),
        Case("children that are not in order", top(lambda f: b"".join(text(n) + varint(1) + f.chunks.put(leaf([f.file(n)])) for n in (b"b", b"a")), level=1, length=2)),
        Case("children that begin elsewhere", top(lambda f: b"".join(text(n) + varint(1) + f.chunks.put(leaf([f.file(b"x" + n)])) for n in (b"a", b"b")), level=1, length=2)),
        Case("children that overlap", top(lambda f: text(b"a") + varint(2) + f.chunks.put(leaf([f.file(b"a"), f.file(b"d")])) + text(b"c") + varint(1) + f.chunks.put(leaf([f.file(b"c")])), level=1, length=3)),
        Case("children that add up beyond 2^64", top(lambda f: b"".join(text(n) + varint(MAX) + f.chunks.put(leaf([f.file(n)])) for n in (b"a", b"b")), level=1, length=2)),
        Case("owners beyond all", top(lambda f: varint(MAX) + leaf([file(f)], b""))),
        Case("an owner that there is not", top(lambda f: leaf([file(f, owner=7)]))),
        Case("an owner twice", top(lambda f: leaf([file(f), f.file(b"b", owner=1)], two), length=2)),
        Case("an owner that none has", top(lambda f: leaf([file(f)], two))),
        Case("a name's length beyond all", top(OWNERS + varint(HUGE))),
        Case("bytes after the last entry", top(lambda f: leaf([file(f), b"more"]))),
        Case("nanoseconds beyond a second", top(lambda f: leaf([file(f, nanoseconds=10**9)]))),
        Case("a type that there is not", top(lambda f: leaf([entry(b"a", 9)]))),
        Case("a type 0", top(lambda f: leaf([entry(b"a", 0)]))),
        Case("flags that there are not", top(lambda f: leaf([file(f, flags=0x80)]))),
        Case("a FIFO of unknown content", top(lambda f: leaf([entry(b"a", FIFO, flags=4)]))),
        Case("a directory that is a file's chunk", lambda f, _: f.publish_tree([entry(b"d", DIRECTORY, ref(0, 7, f.chunks.put(b"hostile")) + varint(0) * 3)])),
        Case("counts that lie", lambda f, _: f.publish_tree([f.directory(b"d", [f.file(b"a")], below=(MAX, MAX, MAX))])),
        Case("names and bytes beyond all in the record", listing(file, entries=MAX, files=MAX, size=MAX)),
    )


def roots():
    def root(raw):
        return lambda made, _: (made.record(made.chunks.put(raw(made))), made.finish())

    yield from (
        Case("a root of another version", root(lambda f: b"\2" + leaf([f.directory(b"", [f.file(b"a")])]) + EMPTY)),
        Case("a root that is a file", root(lambda f: b"\1" + leaf([f.file(b"")]) + EMPTY)),
        Case("a root that is a link", root(lambda f: b"\1" + leaf([f.link(b"", OUTSIDE)]) + EMPTY)),
        Case("a root with a name", root(lambda f: b"\1" + leaf([f.directory(b"name", [f.file(b"a")])]) + EMPTY)),
        Case("a root of two entries", root(lambda f: b"\1" + leaf([f.directory(b"", []), f.directory(b"", [])]) + EMPTY)),
        Case("a root with something after it", root(lambda f: b"\1" + leaf([f.directory(b"", [])]) + EMPTY + b"more")),
        Case("a root that is a leaf", root(lambda f: leaf([f.file(b"a")]))),
        Case("a root of nothing", root(lambda f: b"")),
        Case("no such root", lambda f, _: (f.record(sha256(b"nowhere")), f.finish())),
    )


def trees():
    def deep(made, _):
        inner = made.file(b"bottom")
        for _ in range(400):
            inner = made.directory(b"d", [inner])
        made.publish_tree([inner])

    def wide(made, _):
        """Ten directories in each of ten, twelve times: as many names as no disk holds."""
        inside = [made.file(b"a")]
        for _ in range(12):
            inside = [made.directory(b"%d" % n, inside) for n in range(10)]
        made.publish_tree(inside)

    def large(made, _):
        names = [made.file(b"%07d" % number) for number in range(50_000)]
        leaves = [names[at:at + 500] for at in range(0, len(names), 500)]
        node = b"".join(text(b"%07d" % (at * 500)) + varint(len(each)) + made.chunks.put(leaf(each)) for at, each in enumerate(leaves))
        made.record(made.root(entry(b"", DIRECTORY, ref(1, len(names), made.chunks.put(node)) + varint(len(names)) * 2 + varint(7 * len(names)), mode=0o755)), entries=len(names), files=len(names), size=7 * len(names))
        made.finish()

    yield Case("400 directories, one in the other", deep, is_damaged=False)
    yield Case("a tree of 10^12 names", wide, is_damaged=False, is_endless=True)
    yield Case("leaves longer than any writer's", large, is_damaged=False)


# Frames and packs.


def frames():
    def holding(add, told=b"hostile", length=None):
        """A file whose one chunk is held as `add` has it."""

        def forge(made, _):
            chunk = sha256(told)
            add(made.chunks, chunk)
            made.publish_tree([entry(b"a", FILE, ref(0, length or len(told), chunk))])

        return forge

    def ring(chunks, chunk, size=2, depth=1):
        ids = [chunk] + [sha256(b"ring %d" % n) for n in range(size - 1)]
        for at, each in enumerate(ids):
            body = varint(1) + ids[(at + 1) % size] + varint(0) + varint(1) + varint(0) + varint(7) + b"hostile"
            chunks.add_frame(each, body, form=PATCH, coded=10, raw=7, depth=depth)

    def patch(ranges, rest=b"hostile", **how):
        return lambda chunks, chunk: chunks.add_frame(chunk, varint(1) + chunks.put(b"base") + varint(0) + ranges + rest, form=PATCH, coded=len(ranges + rest), raw=7, depth=1, **how)

    def based(count, skip=0, size=4):
        def add(chunks, chunk):
            bases = b"".join(chunks.put(bytes([n]) * size) for n in range(min(count, 300) if count < HUGE else 1))
            body = varint(count) + bases + varint(skip) + varint(1) + varint(0) + varint(7) + b"hostile"
            chunks.add_frame(chunk, body, form=PATCH, coded=10, raw=7, depth=min(count, 16))

        return add

    def group(lengths, members=None, member=0, count=None):
        def add(chunks, chunk):
            body = b"".join(map(varint, lengths)) + b"hostile"
            chunks.add_frame(sha256(b"hostile"), body, form=GROUP, coded=7, raw=7, members=len(lengths) if members is None else members, entries={chunk: (7, member)})

        return add

    bomb = zstandard.ZstdCompressor(level=19).compress(bytes(1 << 30))
    endless = zstandard.ZstdCompressor(write_content_size=False).compress(bytes(64 << 20))
    windowed = zstandard.ZstdCompressor(compression_params=zstandard.ZstdCompressionParameters(window_log=31, compression_level=1)).compress(b"hostile")
    yield from (
        Case("a ring of two patches", holding(lambda c, i: ring(c, i))),
        Case("a ring of sixteen, as deep as they may be", holding(lambda c, i: ring(c, i, 16, 16))),
        Case("a patch that rests on itself", holding(lambda c, i: ring(c, i, 1))),
        Case("a chain that is too deep", holding(lambda c, i: ring(c, i, 2, 17))),
        Case("a ring whose depths rise", holding(lambda c, i: [c.add_frame(each, varint(1) + base + varint(0) + varint(0), form=PATCH, coded=1, raw=7, depth=depth) for each, base, depth in ((i, sha256(b"x"), 2), (sha256(b"x"), i, 1))])),
        Case("a depth that the index tells otherwise", holding(lambda c, i: c.add_frame(i, b"hostile", told=3))),
        Case("a base that is nowhere", holding(lambda c, i: c.add_frame(i, varint(1) + sha256(b"nowhere") + varint(0) + varint(0), form=PATCH, coded=1, raw=7, depth=1))),
        Case("no base", holding(based(0))),
        Case("seventeen bases", holding(based(17))),
        Case("bases beyond all", holding(based(MAX))),
        Case("bases of more than they may be", holding(based(16, size=1 << 20))),
        Case("more of the base skipped than there is", holding(based(1, skip=HUGE))),
        Case("a patch past the end", holding(patch(varint(1) + varint(5) + varint(7)))),
        Case("a patch at 2^64", holding(patch(varint(1) + varint(MAX) + varint(7)))),
        Case("a patch of 2^62 bytes", holding(patch(varint(1) + varint(0) + varint(HUGE)))),
        Case("patches beyond all", holding(patch(varint(MAX)))),
        Case("patches that touch", holding(patch(varint(2) + varint(0) + varint(3) + varint(0) + varint(4)))),
        Case("a patch that lacks its bytes", holding(patch(varint(1) + varint(0) + varint(7), rest=b"h"))),
        Case("a patch with a filter", holding(patch(varint(1) + varint(0) + varint(7), width=4))),
        Case("a delta that is not compressed", holding(lambda c, i: c.add_frame(i, varint(1) + c.put(b"base") + varint(0) + b"hostile", form=DELTA, coded=7, raw=7, depth=1))),
        Case("a bomb that tells its size", holding(lambda c, i: c.add_frame(i, bomb, codec=1, coded=1 << 30, raw=1 << 30), length=4 << 20)),
        Case("a bomb that tells a small size", holding(lambda c, i: c.add_frame(i, bomb, codec=1, coded=7, raw=7))),
        Case("a bomb that tells none", holding(lambda c, i: c.add_frame(i, endless, codec=1, coded=7, raw=7))),
        Case("a bomb in a group", holding(lambda c, i: c.add_frame(i, varint(7) + bomb, form=GROUP, codec=1, coded=1 << 30, raw=7, entries={i: (7, 0)}))),
        Case("a bomb for a patch", holding(lambda c, i: c.add_frame(i, varint(1) + c.put(b"base") + varint(0) + bomb, form=PATCH, codec=1, coded=1 << 30, raw=7, depth=1))),
        Case("a window of 2 GiB", holding(lambda c, i: c.add_frame(i, windowed, codec=1, coded=7, raw=7)), is_damaged=False),
        Case("lengths of 4 GiB", holding(lambda c, i: c.add_frame(i, b"hostile", coded=0xFFFFFFFF, raw=0xFFFFFFFF))),
        Case("no zstd frame", holding(lambda c, i: c.add_frame(i, b"hostile", codec=1, raw=7))),
        Case("a codec that there is not", holding(lambda c, i: c.add_frame(i, b"hostile", codec=9))),
        Case("a form that there is not", holding(lambda c, i: c.add_frame(i, b"hostile", form=9))),
        Case("a filter that there is not", holding(lambda c, i: c.add_frame(i, b"hostile", width=3))),
        Case("other bytes than the id tells", holding(lambda c, i: c.add_frame(i, b"replace"))),
        Case("a group whose members don't add up", holding(group([9, 9]))),
        Case("a group whose members overflow", holding(group([MAX, 8]))),
        Case("a group of 65,535 that are not there", holding(group([7], members=65535))),
        Case("a group of none", holding(group([], members=0))),
        Case("a member that there is not", holding(group([7], member=9))),
    )


def packs():
    def written(**how):
        def forge(made, _):
            made.record(made.root(made.directory(b"", [made.file(b"a")])))
            made.finish(**how)

        return forge

    def moved(change):
        """The index tells another place of each chunk."""

        def forge(made, _):
            made.record(made.root(made.directory(b"", [made.file(b"a")])))
            made.chunks.index = {chunk: change(*place) for chunk, place in made.chunks.index.items()}
            made.finish()

        return forge

    yield from (
        Case("a pack that counts 2^64 - 1 chunks", written(count=MAX)),
        Case("a pack whose count overflows its size", written(count=MAX // 48 + 2)),
        Case("a pack that counts none", written(count=0)),
        Case("a pack that counts other frames", written(frames=99)),
        Case("a pack of another kind", written(header=b"MMPACK9\0" + bytes(24))),
        Case("a pack said to be encrypted", written(header=b"MMPACK1\0\1" + bytes(23))),
        Case("frames at 2^63", moved(lambda place, *rest: (1 << 63, *rest))),
        Case("frames in the header", moved(lambda place, *rest: (0, *rest))),
        Case("frames in the middle of others", moved(lambda place, *rest: (place + 8, *rest))),
        Case("frames in the index", moved(lambda place, *rest: (place + 4096, *rest))),
        Case("chunks said to be of 4 GiB", moved(lambda place, length, *rest: (place, 0xFFFFFFFF, *rest))),
        Case("depths of 255", moved(lambda place, length, member, depth: (place, length, member, 255))),
    )


# Records, references, and what else a repository is made of.


def records():
    def plain(made):
        return made.root(made.directory(b"", [made.file(b"a")]))

    def recorded(**how):
        return lambda made, _: (made.record(plain(made), **{key: value(made) if callable(value) else value for key, value in how.items()}), made.finish())

    def both(first, second):
        def forge(made, _):
            root = plain(made)
            made.record(root, **first)
            made.record(root, **second)
            made.finish()

        return forge

    def renamed(name):
        def forge(made, _):
            made.record(plain(made))
            made.finish()
            os.rename(made.top / "checkpoints/1", made.top / "checkpoints" / name)
            made.number = 0
            made.record(plain(made))

        return forge

    def tombstone_at(number):
        def forge(made, _):
            own = made.record(plain(made))
            made.finish()
            data = (made.top / "checkpoints/1").read_bytes()
            blob, commit, tree = (section(data, tag) for tag in (b"BLOB", b"COMT", b"TREE"))
            made.number = number
            made.publish(4, {b"BLOB": blob, b"COMT": commit, b"TREE": tree, b"TOMB": b"\1\1" + varint(0) + text(b"main")})
            made.parent = own

        return forge

    def touching(*paths):
        """A safety checkpoint of a restore that touched these."""

        def forge(made, _):
            root = plain(made)
            made.record(root)
            data = b"".join(text(path) + b"\1" for path in sorted(paths))
            sections = {b"UNDO": ref(0, len(data), made.chunks.put(data))}
            kept = made.parent
            made.record(root, sections=sections)
            body = sections_of((made.top / "checkpoints/2").read_bytes())
            del body[b"LINE"], body[b"TAGS"]
            body[b"HAFT"] = position(kept)
            made.publish(2, body)
            made.finish()

        return forge

    yield from (
        Case("a record of another number", renamed("7")),
        Case("a record with a number beyond all", renamed(str(10**18))),
        Case("a checkpoint of a number beyond all", recorded(number=10**18)),
        Case("a forgotten checkpoint of a number beyond all", tombstone_at(10**18)),
        Case("a record named with zeros", renamed("0009"), is_damaged=False),
        Case("a record that is its own parent", recorded(parents=[(1, bytes(20))])),
        Case("a record whose parent is to come", both({"parents": [(2, bytes(20))]}, {})),
        Case("a parent at 2^62", recorded(parents=[(HUGE, bytes(20))])),
        Case("a thousand parents", recorded(parents=[(number, bytes([number % 256]) * 20) for number in range(2, 1002)])),
        Case("a section that must be understood", recorded(sections={b"ZZZZ": b"x"})),
        Case("a section that need not be", recorded(sections={b"zzzz": b"x" * 100_000}), is_damaged=False),
        Case("a tag that would be a path", recorded(sections={b"TAGS": varint(1) + text(b"../../../tmp/planted")}), is_damaged=False),
        Case("a tag that drives the terminal", recorded(sections={b"TAGS": varint(1) + text(b"\x1b]0;owned\x07")}), is_damaged=False),
        Case("tags beyond all", recorded(sections={b"TAGS": varint(MAX)})),
        Case("a line that would be an option", recorded(sections={b"LINE": b"--exec=sh"}), is_damaged=False),
        Case("a message that drives the terminal", recorded(message=b"\x1b[2J\x1b]0;owned\x07\x9b5n\n"), is_damaged=False),
        Case("a message of 8 MiB", recorded(message=b"m" * (8 << 20) + b"\n"), is_damaged=False),
        Case("rules beyond all", recorded(rules=b"rules 3:%d:%s\n" % (HUGE, b"ab" * 32))),
        Case("verdicts on what lies outside", recorded(rules=lambda made: verdicts(made, b"../../outside/victim", b"/etc/passwd"))),
        Case("verdicts that are none", recorded(rules=lambda made: b"verdicts 0:9:%s\n" % made.chunks.put(b"no verdic").hex().encode())),
        Case("an image's id that drives the terminal", recorded(blob_lines=b"image-kind criu\nimage-id %1b%5b2J\n"), is_damaged=False),
        Case("an undo outside", touching(b"../outside/victim"), words=("undo", "--force")),
        Case("an undo of an absolute path", touching(b"/tmp/planted"), words=("undo", "--force")),
        Case("an undo in the repository", touching(b".metamori/format"), words=("undo", "--force")),
        Case("an undo below a file", touching(b"a/b/c", b"a"), is_damaged=False, words=("undo", "--force")),
    )


def sections_of(data):
    found, at = {}, 24
    while at < len(data) - 32:
        length = struct.unpack("<I", data[at + 4:at + 8])[0]
        found[data[at:at + 4]] = data[at + 8:at + 8 + length]
        at += 8 + length
    return found


def section(data, tag):
    return sections_of(data)[tag]


def verdicts(made, *paths):
    data = b"".join(text(path) + b"\3\0" for path in sorted(paths))
    return b"verdicts 0:%d:%s\n" % (len(data), made.chunks.put(data).hex().encode())


def intents():
    """An unfinished restore that somebody else made up."""

    def pending(path, kind=4, stage=b"", staged=True, directory=b""):
        def forge(made, _):
            root = made.root(made.directory(b"", [made.file(b"a")]))
            own = made.record(root)
            made.finish()
            stat = varint(1) + varint(0o100644) + varint(1) + varint(0) * 2 + varint(7) + (varint(0) + varint(0)) * 2
            step = text(path) + bytes([kind]) + (b"\2" + stat if kind != 1 else b"\0")
            if kind == 1:
                step += b"\0" + varint(0) + varint(len(stage))
            plan = b"\1\0" + bytes(32) + varint(1) + step + varint(1) + text(directory) + b"\0" + varint(0o755) + varint(0) * 2
            sections = {b"HAFT": position(own), b"HBEF": position(own), b"IDEN": b"i" * 16, b"MOVE": b"\1" + varint(0), b"PLAN": plan, b"SAFE": varint(0), b"TARG": root}
            data = b"MMINTNT1" + struct.pack("<HHIQ", 1, 0, 0, 0) + b"".join(tag + struct.pack("<I", len(value)) + value for tag, value in sorted(sections.items()))
            (made.top / "restore/intent").write_bytes(data + sha256(data))
            if staged:
                (made.top / "restore/staged").write_bytes(sha256(data) + struct.pack("<Q", xxhash.xxh3_64_intdigest(sha256(data))))

        return forge

    for title, path in (("outside", b"../outside/victim"), ("absolute", b"/etc/passwd"), ("in the repository", b".metamori/format"), ("up inside", b"a/../../outside/victim")):
        for mode in ("--force", "--abort"):
            yield Case(f"an unfinished removal: {title}, recover {mode}", pending(path), words=("recover", mode))
        yield Case(f"an unfinished put: {title}", pending(path, kind=1, stage=b""), words=("recover", "--force"))
    yield Case("an unfinished change of a directory outside", pending(b"a", directory=b"../outside"), words=("recover", "--force"))
    yield Case("an unfinished restore staged elsewhere", pending(b"a", kind=1, stage=b"../outside"), words=("recover", "--force"))
    yield Case("an unfinished restore that had not begun", pending(b"../outside/victim", kind=1, staged=False), words=("recover",))


def files():
    """Files of the repository that are something else: what is behind a link is not the repository's."""

    def plain(made):
        made.publish_tree([made.file(b"a")])

    def replaced(name, make):
        def forge(made, outside):
            plain(made)
            path = made.top / name
            if path.is_dir():
                for each in path.iterdir():
                    if each.is_file():
                        os.rename(each, os.path.join(os.fsdecode(outside), each.name))
                path.rmdir() if not any(path.iterdir()) else os.rename(path, path.with_name(path.name + "-was"))
            elif path.exists():
                path.unlink()
            make(path, os.fsdecode(outside))

        return forge

    for name in ("packs", "checkpoints", "refs", "tmp", "cache", "locks", "trash", "restore"):
        yield Case(f"{name}/ is a link to elsewhere", replaced(name, lambda path, outside: path.symlink_to(outside)), is_damaged=False)
    for name in ("format", "config", "rules", "generation", "tree", "checkpoints/1", "refs/tags/x", "refs/pins/1", "restore/intent", "locks/tree", "cache/stat", "cache/history", "cache/latest", "cache/fingerprints"):
        yield Case(f"{name} is a link", replaced(name, lambda path, outside: path.symlink_to(os.path.join(outside, "victim"))), is_damaged=False)
        yield Case(f"{name} is a FIFO", replaced(name, lambda path, outside: os.mkfifo(path)), is_damaged=False)
    yield Case("a pack that is a FIFO", lambda made, _: (plain(made), os.mkfifo(made.top / "packs" / ("ab" * 32 + ".pack"))), is_damaged=False)
    yield Case("a folded record that is a FIFO", lambda made, _: (plain(made), os.mkfifo(made.top / "checkpoints/2-3")), is_damaged=False)
    yield Case("a pack that is a link to a device", lambda made, _: (plain(made), (made.top / "packs" / ("ab" * 32 + ".pack")).symlink_to("/dev/zero")), is_damaged=False)
    yield Case("a pack that is a directory", lambda made, _: (plain(made), (made.top / "packs" / ("ab" * 32 + ".pack")).mkdir()), is_damaged=False)
    yield Case("an index in the cache that is a FIFO", lambda made, _: (plain(made), (made.top / "cache/index").mkdir(), os.mkfifo(made.top / "cache/index/level-00")), is_damaged=False)
    yield Case("settings that name programs", lambda made, _: (plain(made), (made.top / "config").write_text("ui.pager = touch ../outside/new\ncore.pager = touch ../outside/new\n")), is_damaged=False)
    yield Case("a tag that leads nowhere", lambda made, _: (plain(made), write_ref(made.top / "refs/tags", b"x", 99, bytes(20))))
    yield Case("a tag whose name is spelt as a path", lambda made, _: (plain(made), write_ref(made.top / "refs/tags", b"%2E%2E%2Fplanted", *made.parent)), is_damaged=False)
    yield Case("a format beyond this one", lambda made, _: (plain(made), (made.top / "format").write_bytes(b"metamori-repository 99\n")), is_damaged=False)
    yield Case("a format file of nothing but lines", lambda made, _: (plain(made), (made.top / "format").write_bytes(b"\n" * (1 << 20))), is_damaged=False)


def all_cases():
    found = []
    for group in (bad_names, order, links_in_the_way, link_tables, targets, privileges, streams, leaves, roots, trees, frames, packs, records, intents, files):
        found += [dataclasses.replace(case, name=case.name.replace("/", "|")) for case in group()]
    return found


if __name__ == "__main__":
    print(len(all_cases()), "cases")
    _ = (Forge, SYMLINK, PLAIN)
