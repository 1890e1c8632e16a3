"""What this user may bring back on this file system: the rest is left out of what is compared, and named."""

import os
import struct
import tempfile

NAMESPACES = {b"user.": b"user.probe", b"system.posix_acl_": b"system.posix_acl_access", b"security.": b"security.capability", b"trusted.": b"trusted.probe"}
ACCESS_LIST = struct.pack("<IHHIHHIHHIHHIHHI", 2, 1, 6, 0xFFFFFFFF, 2, 4, 1234, 4, 4, 0xFFFFFFFF, 16, 4, 0xFFFFFFFF, 32, 0, 0xFFFFFFFF)
CAPABILITY = struct.pack("<5I", 0x02000001, 1 << 13, 0, 0, 0)
PRIVILEGES = 0o6000
EMPTY = "0:5feceb66ffc86f38"  # content of a file without any, as a manifest has it


def works(call, *arguments, **named):
    try:
        call(*arguments, **named)
        return True
    except OSError:
        return False


def keeps_attributes(directory):
    """Whether files there can have attributes of users: tmpfs can since Linux 6.6."""
    try:
        with tempfile.NamedTemporaryFile(dir=directory) as file:
            return works(os.setxattr, file.name, "user.probe", b"x")
    except OSError:
        return False


class Abilities:
    def __init__(self, place):
        probe = place / "probe"
        probe.write_bytes(b"")
        self.owners = os.geteuid() == 0 and works(os.chown, probe, 12345, 54321)
        self.devices = works(os.mknod, place / "device", 0o20600, os.makedev(1, 3)) and works(os.mknod, place / "block", 0o60600, os.makedev(7, 300))
        values = {b"system.posix_acl_access": ACCESS_LIST, b"security.capability": CAPABILITY}
        self.namespaces = {space: works(os.setxattr, probe, name, values.get(name, b"x")) for space, name in NAMESPACES.items()}
        for name in ("probe", "device", "block"):
            if (place / name).exists():
                (place / name).unlink()

    def left_out(self):
        """Names of what is not compared."""
        names = [] if self.owners else ["owners and set-id bits"]
        names += [] if self.devices else ["device nodes"]
        return names + [f"attributes {space.decode()}*" for space, can in self.namespaces.items() if not can]

    def can_set(self, attribute):
        return any(attribute.startswith(space) and can for space, can in self.namespaces.items())

    def expected(self, nodes, by_program):
        """The nodes of a manifest as they can come back here. What has no content is left out by the program, and made empty by the reader."""
        found = {}
        for path, node in nodes.items():
            if (node.type in "cb" and not self.devices) or (node.content == "unknown" and by_program):
                continue
            if node.content == "unknown" and node.type == "f":
                node = node._replace(content=EMPTY)
            if node.content == "unknown" and node.type == "d":
                node = node._replace(content="-")
            mode = node.mode if self.owners or node.type == "d" or not by_program else node.mode & ~PRIVILEGES
            attributes = {name: value for name, value in node.attributes.items() if self.can_set(name)}
            found[path] = node._replace(mode=mode, attributes=attributes)
        return self.without_owners(found)

    def without_owners(self, nodes):
        """Of found nodes: attributes that a security module gives by itself are nothing of ours."""
        found = {path: node._replace(attributes={name: value for name, value in node.attributes.items() if not name.startswith(b"security.selinux")}) for path, node in nodes.items()}
        return found if self.owners else {path: node._replace(uid=None, gid=None) for path, node in found.items()}

    def excused(self, nodes):
        """Paths that a warning may name: what can't be brought back here, or is not in the checkpoint."""
        return {
            path
            for path, node in nodes.items()
            if node.content == "unknown"
            or (node.type in "cb" and not self.devices)
            or (not self.owners and node.type != "d" and node.mode & PRIVILEGES)
            or any(not self.can_set(name) for name in node.attributes)
        }
