"""Sections 2, 4 and 5 of docs/format.md: the repository's directory, packs, frames, chunks."""

import collections
import mmap
import os
import re

import xxhash
import zstandard

from mm_bytes import Corrupt, Reader, checked_lines, require, sha256

MAX_RAW = 4 << 20
MAX_DEPTH = 16
MAX_BASES = 16
PLAIN, GROUP, DELTA, PATCH = range(4)
ENTRY_BYTES = 48
HEADER_BYTES = 32
FOOTER_BYTES = 64
FRAME_HEADER_BYTES = 64

Location = collections.namedtuple("Location", "pack offset raw_len member depth")


def find_repository(path):
    """`path` is a repository, a `.metamori` file that points at one, or a tree that holds either."""
    if os.path.isdir(path) and not os.path.isfile(os.path.join(path, "format")):
        path = os.path.join(path, ".metamori")
    if os.path.isfile(path):
        with open(path, "rb") as file:
            match = re.fullmatch(rb"metamori-dir: ([^\n]+)\n", file.read(8192))
        require(match, f"{path}: no pointer to a repository")
        path = os.path.join(os.path.dirname(os.path.abspath(path)), os.fsdecode(match[1]))
    require(os.path.isfile(os.path.join(path, "format")), f"{path}: no repository")
    return path


def check_format(path):
    """Returns the repository's id."""
    with open(os.path.join(path, "format"), "rb") as file:
        data = file.read()
    match = re.match(rb"metamori-repository ([0-9]+)\n", data)
    require(match, "format: not a repository")
    if int(match[1]) > 1:
        raise Corrupt("format: newer than this reader")
    lines = checked_lines(data, "format")
    require(len(lines) >= 2 and re.fullmatch(rb"id [0-9a-f]{32}", lines[1]), "format: no id")
    for line in lines[2:]:
        require(line.startswith(b"feature "), "format: an unknown line")
        raise Corrupt(f"format: a feature this reader does not know: {line[8:].decode(errors='replace')}")
    return lines[1][3:].decode()


def unshuffle(data, width):
    count = len(data) // width
    out = bytearray(data)
    for byte in range(width):
        out[byte:count * width:width] = data[byte * count:(byte + 1) * count]
    return bytes(out)


class Pack:
    """One pack file, mapped; its index is checked on opening."""

    def __init__(self, path):
        self.path = path
        with open(path, "rb") as file:
            size = os.fstat(file.fileno()).st_size
            require(size >= HEADER_BYTES + FOOTER_BYTES, f"{path}: too short for a pack")
            self.map = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        header = self.map[:HEADER_BYTES]
        require(header == b"MMPACK1\0" + bytes(24), f"{path}: bad header")
        footer = Reader(self.map[size - FOOTER_BYTES:], path)
        require(footer.take(8) == b"MMPKEND1", f"{path}: bad footer")
        self.count, self.frames, reserved = (footer.fixed(8) for _ in range(3))
        require(reserved == 0, f"{path}: reserved bits")
        self.frames_end = size - FOOTER_BYTES - ENTRY_BYTES * self.count
        require(self.frames_end >= HEADER_BYTES, f"{path}: more entries than there is room for")
        index_and_footer = self.map[self.frames_end:size - 32]
        require(footer.take(32) == sha256(header, index_and_footer), f"{path}: wrong checksum")
        require(os.path.basename(path) == sha256(index_and_footer).hex() + ".pack", f"{path}: wrong name")

    def entries(self):
        index = Reader(self.map[self.frames_end:self.frames_end + ENTRY_BYTES * self.count], self.path)
        previous = b""
        for _ in range(self.count):
            chunk_id = index.take(32)
            require(previous < chunk_id, f"{self.path}: index out of order")
            previous = chunk_id
            location = Location(self, index.fixed(8), index.fixed(4), index.fixed(2), index.u8())
            require(index.u8() <= 3, f"{self.path}: unknown kind in the index")
            require(location.depth <= MAX_DEPTH and location.raw_len <= MAX_RAW, f"{self.path}: index out of range")
            yield chunk_id, location

    def frame(self, offset):
        """Header fields and body of the frame at `offset`, checked by its checksum."""
        where = f"{self.path}: frame at {offset}"
        require(HEADER_BYTES <= offset <= self.frames_end - FRAME_HEADER_BYTES, f"{where}: outside the frames")
        header = self.map[offset:offset + FRAME_HEADER_BYTES]
        frame = Frame(header, where)
        body_at = offset + FRAME_HEADER_BYTES
        require(frame.stored_len <= self.frames_end - body_at, f"{where}: longer than the pack")
        frame.body = self.map[body_at:body_at + frame.stored_len]
        require(xxhash.xxh3_64_intdigest(header[:56] + frame.body) == frame.checksum, f"{where}: wrong checksum")
        return frame

    def walk(self):
        offset, count = HEADER_BYTES, 0
        while offset < self.frames_end:
            frame = self.frame(offset)
            yield frame
            offset += FRAME_HEADER_BYTES + frame.stored_len
            count += 1
        require(offset == self.frames_end and count == self.frames, f"{self.path}: wrong number of frames")


class Frame:
    """The header of a frame, and its body once `Pack.frame` has filled it in."""

    def __init__(self, header, where):
        self.where = where
        fields = Reader(header, where)
        require(fields.take(4) == b"MMRF", f"{where}: no frame")
        self.form, self.codec, self.filter, self.kind = (fields.u8() for _ in range(4))
        self.stored_len, self.coded_len, self.raw_len = (fields.fixed(4) for _ in range(3))
        self.depth, self.members = fields.fixed(2), fields.fixed(2)
        self.id = fields.take(32)
        self.checksum = fields.fixed(8)
        self.body = b""
        require(self.form <= PATCH and self.codec <= 1 and self.filter in (0, 2, 4, 8, 16) and self.kind <= 4, f"{where}: unknown encoding")
        require(self.raw_len <= MAX_RAW, f"{where}: too long")
        is_based = self.form in (DELTA, PATCH)
        require(1 <= self.depth <= MAX_DEPTH if is_based else self.depth == 0, f"{where}: bad depth")
        require(self.form == GROUP or self.members == 1, f"{where}: members of what is no group")
        require(self.filter == 0 or not is_based, f"{where}: a filter on what may have none")
        require(self.form != DELTA or self.codec == 1, f"{where}: a delta that is not zstd")


class Store:
    """Chunks by id, verified."""

    def __init__(self, path):
        self.path = path
        self.id = check_format(path)
        self.packs = []
        self.where = {}
        self.groups = collections.OrderedDict()
        folder = os.path.join(path, "packs")
        for name in sorted(os.listdir(folder) if os.path.isdir(folder) else []):
            if re.fullmatch(r"[0-9a-f]{64}\.pack", name):
                self.add(Pack(os.path.join(folder, name)))

    def add(self, pack):
        self.packs.append(pack)
        for chunk_id, location in pack.entries():
            # The shallowest copy: then each base is shallower than what rests on it, and chains end.
            if chunk_id not in self.where or location.depth < self.where[chunk_id].depth:
                self.where[chunk_id] = location

    def read(self, chunk_id):
        location = self.where.get(chunk_id)
        require(location, f"chunk {chunk_id.hex()}: missing")
        frame = location.pack.frame(location.offset)
        require(frame.depth == location.depth, f"{frame.where}: its depth is not what the index says")
        if frame.form == GROUP:
            members = self.group(location.pack, location.offset, frame)
            require(location.member < len(members), f"{frame.where}: no such member")
            raw = members[location.member]
        else:
            require(location.member == 0 and frame.id == chunk_id, f"{frame.where}: not the chunk the index says")
            raw = self.decode_single(frame)
        require(len(raw) == location.raw_len and sha256(raw) == chunk_id, f"chunk {chunk_id.hex()}: damaged in {frame.where}")
        return raw

    def group(self, pack, offset, frame):
        key = (pack.path, offset)
        if key not in self.groups:
            self.groups[key] = self.decode_group(frame)
            while len(self.groups) > 16:
                self.groups.popitem(last=False)
        self.groups.move_to_end(key)
        return self.groups[key]

    @staticmethod
    def uncode(frame, coded, prefix=None):
        """Undoes codec and filter."""
        if frame.codec == 1:
            require(frame.coded_len <= 2 * MAX_RAW, f"{frame.where}: too long")
            try:
                require(zstandard.get_frame_parameters(coded).content_size == frame.coded_len, f"{frame.where}: wrong content size")
                dictionary = zstandard.ZstdCompressionDict(prefix, dict_type=zstandard.DICT_TYPE_RAWCONTENT) if prefix else None
                decoder = zstandard.ZstdDecompressor(dict_data=dictionary, max_window_size=1 << 23).decompressobj()
                coded = decoder.decompress(coded)
                require(decoder.eof and not decoder.unused_data, f"{frame.where}: bytes after the zstd frame")
            except zstandard.ZstdError as error:
                raise Corrupt(f"{frame.where}: {error}") from error
        require(len(coded) == frame.coded_len, f"{frame.where}: wrong coded length")
        return unshuffle(coded, frame.filter) if frame.filter else coded

    def decode_single(self, frame):
        if frame.form == PLAIN:
            raw = self.uncode(frame, frame.body)
        else:
            body = Reader(frame.body, frame.where)
            base = self.base(frame, body)
            coded = body.rest()
            raw = self.uncode(frame, coded, base) if frame.form == DELTA else self.patched(frame, self.uncode(frame, coded), base)
        require(len(raw) == frame.raw_len, f"{frame.where}: wrong length")
        return raw

    def base(self, frame, body):
        count = body.varint()
        require(1 <= count <= MAX_BASES, f"{frame.where}: {count} bases")
        ids = [body.take(32) for _ in range(count)]
        skip = body.varint()
        base = b""
        for base_id in ids:
            base_at = self.where.get(base_id)
            require(base_at, f"{frame.where}: its base {base_id.hex()} is missing")
            require(base_at.depth < frame.depth, f"{frame.where}: a base that is not shallower")
            base += self.read(base_id)
            require(len(base) <= MAX_RAW, f"{frame.where}: bases of more than 4 MiB")
        require(skip <= len(base), f"{frame.where}: more skipped than there is")
        return base[skip:]

    @staticmethod
    def patched(frame, patch, base):
        fields = Reader(patch, frame.where)
        ranges, at = [], 0
        for place in range(fields.varint()):
            gap, length = fields.varint(), fields.varint()
            require(length > 0 and (gap > 0 or place == 0), f"{frame.where}: ranges that touch")
            ranges.append((at + gap, length))
            at += gap + length
        require(at <= frame.raw_len, f"{frame.where}: a range past the end")
        raw = bytearray(base[:frame.raw_len].ljust(frame.raw_len, b"\0"))
        for start, length in ranges:
            raw[start:start + length] = fields.take(length)
        fields.end()
        return bytes(raw)

    def decode_group(self, frame):
        body = Reader(frame.body, frame.where)
        lengths = [body.varint() for _ in range(frame.members)]
        require(sum(lengths) == frame.raw_len, f"{frame.where}: members don't add up")
        raw = self.uncode(frame, body.rest())
        require(len(raw) == frame.raw_len and sha256(raw) == frame.id, f"{frame.where}: damaged group")
        members, at = [], 0
        for length in lengths:
            members.append(raw[at:at + length])
            at += length
        return members

    def verify(self):
        """Reads every frame and every chunk of every pack; returns their number."""
        for pack in self.packs:
            for _ in pack.walk():
                pass
        for chunk_id in self.where:
            self.read(chunk_id)
        return len(self.where)
