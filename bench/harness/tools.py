"""Metamori and its peers behind one interface: save a tree, put it back in place, restore it elsewhere."""

import os
import shutil

from . import measure


class Tool:
    """One tool with one repository for one tree. Labels name what was saved."""

    name = ""
    program = ""

    def __init__(self, directory, tree, programs):
        self.directory, self.tree = directory, tree
        self.repository = directory / "repository"
        self.program_path = programs.get(self.program, self.program)
        home = directory / "home"
        home.mkdir(parents=True)
        self.environment = {"PATH": os.environ["PATH"], "HOME": str(home), "LANG": "C.UTF-8", "TMPDIR": str(home)}
        self.prepare()

    @classmethod
    def is_installed(cls, programs):
        return shutil.which(str(programs.get(cls.program, cls.program))) is not None

    def run(self, *arguments, cwd=None, good=(0,), environment=None):
        return measure.run([self.program_path, *arguments], cwd or self.tree, {**self.environment, **(environment or {})}, good)

    def prepare(self):
        self.repository.mkdir()

    def save(self, label):
        raise NotImplementedError

    def roll_back(self, label):
        """Makes the tree what it was, in place."""
        raise NotImplementedError

    def restore(self, label, target):
        raise NotImplementedError

    def repository_bytes(self):
        return measure.disk_usage(self.repository)


class Metamori(Tool):
    name = program = "metamori"

    def prepare(self):
        self.run("init", "-q", "--repo-dir", self.repository)

    def save(self, label):
        cost = self.run("checkpoint", "-q")
        self.run("tag", label, "latest")  # not counted: the others name what they save, too
        return cost

    def roll_back(self, label):
        return self.run("restore", label, "-q")

    def roll_back_unsaved(self, label):
        """Without the safety checkpoint."""
        return self.run("restore", label, "-q", "--no-save", "--force")

    def restore(self, label, target):
        return self.run("restore", label, "-q", "--to", target)


class Borg(Tool):
    name = program = "borg"
    options = ()

    def prepare(self):
        self.environment.update(BORG_BASE_DIR=self.environment["HOME"], BORG_UNKNOWN_UNENCRYPTED_REPO_ACCESS_IS_OK="yes", BORG_RELOCATED_REPO_ACCESS_IS_OK="yes")
        self.run("init", "--encryption=none", self.repository)

    def save(self, label):
        return self.run("create", *self.options, "--exclude", "./.metamori", f"{self.repository}::{label}", ".")

    def roll_back(self, label):
        return self.run("extract", f"{self.repository}::{label}")

    def restore(self, label, target):
        target.mkdir()
        return self.run("extract", f"{self.repository}::{label}", cwd=target)


class BorgPlain(Borg):
    name = "borg-none"
    options = ("-C", "none")


class BorgFine(Borg):
    name = "borg-64k"
    options = ("-C", "none", "--chunker-params", "buzhash,14,18,16,4095")


class Restic(Tool):
    name = program = "restic"

    def prepare(self):
        self.environment.update(RESTIC_PASSWORD="x", RESTIC_CACHE_DIR=self.environment["HOME"], RESTIC_REPOSITORY=str(self.repository))
        self.run("init", "-q")

    def save(self, label):
        return self.run("backup", "-q", "--tag", label, "--exclude", ".metamori", ".")

    def roll_back(self, label):
        return self.run("restore", "-q", "--tag", label, "--target", self.tree, "latest")

    def restore(self, label, target):
        return self.run("restore", "-q", "--tag", label, "--target", target, "latest")


class Git(Tool):
    name = program = "git"

    def prepare(self):
        self.environment.update(GIT_CONFIG_NOSYSTEM="1", GIT_AUTHOR_NAME="bench", GIT_AUTHOR_EMAIL="bench@localhost", GIT_COMMITTER_NAME="bench", GIT_COMMITTER_EMAIL="bench@localhost")
        self.environment.update(GIT_DIR=str(self.repository), GIT_WORK_TREE=str(self.tree))
        measure.run(["git", "init", "-q", "--bare", self.repository], self.directory, {"PATH": os.environ["PATH"], "HOME": self.environment["HOME"]})
        self.run("config", "core.bare", "false")
        self.run("config", "gc.auto", "0")
        (self.repository / "info").mkdir(exist_ok=True)
        (self.repository / "info" / "exclude").write_text("/.metamori\n")

    def save(self, label):
        cost = self.run("add", "-A") + self.run("commit", "-q", "--allow-empty", "-m", label)
        self.run("tag", label)
        return cost

    def roll_back(self, label):
        return self.run("restore", f"--source={label}", "--staged", "--worktree", ".")

    def restore(self, label, target):
        target.mkdir()
        index = {"GIT_WORK_TREE": str(target), "GIT_INDEX_FILE": str(self.directory / "other-index")}
        cost = self.run("checkout", "-q", "-f", label, "--", ".", environment=index, cwd=target)
        (self.directory / "other-index").unlink()
        return cost


class Rsync(Tool):
    """Snapshots that share what did not change by hard links."""

    name = program = "rsync"
    last = None
    # Times to the nanosecond: without that it takes what changed within a second, at the same size, for unchanged.
    flags = ("-a", "--modify-window=-1")

    def save(self, label):
        link = [f"--link-dest={self.repository / self.last}"] if self.last else []
        cost = self.run(*self.flags, "--exclude=/.metamori", *link, "./", self.repository / label)
        self.last = label
        return cost

    def roll_back(self, label):
        return self.run(*self.flags, "--inplace", "--no-whole-file", f"{self.repository / label}/", "./")

    def restore(self, label, target):
        return self.run(*self.flags, f"{self.repository / label}/", target)


class Cp(Tool):
    """A copy and a sync: the floor for first checkpoints and restores."""

    name = program = "cp"

    def save(self, label):
        target = self.repository / label
        return self.run("-a", "--reflink=never", self.tree, target) + measure.run(["sync", "-f", target], self.tree, self.environment)

    def roll_back(self, label):
        return self.run("-a", "--reflink=never", f"{self.repository / label}/.", self.tree)

    def restore(self, label, target):
        copied = self.run("-a", "--reflink=never", self.repository / label, target)
        return copied + measure.run(["sync", "-f", target], self.tree, self.environment)


ALL = (Metamori, BorgPlain, Borg, BorgFine, Restic, Git, Rsync, Cp)
