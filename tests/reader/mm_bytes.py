"""Section 1 of docs/format.md: values at the front of a run of bytes, and ids."""

import hashlib


class Corrupt(Exception):
    """The repository's bytes are not what the format says."""


def require(condition, why):
    if not condition:
        raise Corrupt(why)


def sha256(*parts):
    digest = hashlib.sha256()
    for part in parts:
        digest.update(part)
    return digest.digest()


class Reader:
    """Takes values off the front of `data`."""

    def __init__(self, data, what):
        self.data = memoryview(data)
        self.at = 0
        self.what = what

    def fail(self, why):
        raise Corrupt(f"{self.what}: {why}")

    def left(self):
        return len(self.data) - self.at

    def take(self, size):
        if size > self.left():
            self.fail("runs past its end")
        taken = bytes(self.data[self.at:self.at + size])
        self.at += size
        return taken

    def fixed(self, width):
        return int.from_bytes(self.take(width), "little")

    def u8(self):
        return self.fixed(1)

    def varint(self):
        value = 0
        for place in range(10):
            byte = self.u8()
            value |= (byte & 0x7F) << (7 * place)
            if byte < 0x80:
                if byte == 0 and place > 0:
                    self.fail("a varint longer than it need be")
                if value >= 1 << 64:
                    self.fail("a varint of 2^64 or more")
                return value
        return self.fail("a varint of more than 10 bytes")

    def svarint(self):
        value = self.varint()
        return (value >> 1) ^ -(value & 1)

    def bytes(self):
        return self.take(self.varint())

    def rest(self):
        return self.take(self.left())

    def end(self):
        if self.left():
            self.fail("bytes left over")


def checked_lines(data, what):
    """The lines of a text whose last line is `sha256 <hex over the lines before>`, without that one."""
    require(data.endswith(b"\n"), f"{what}: the last line is not ended")
    lines = data[:-1].split(b"\n")
    before = data[:len(data) - len(lines[-1]) - 1]
    require(lines[-1] == b"sha256 " + sha256(before).hex().encode(), f"{what}: wrong checksum")
    return lines[:-1]
