"""The workloads: each is a generator of steps, which the driver has every tool do in turn.

A step is (kind, label, what, again): kind `save` (the tree as it is now, under the label), `roll back` (in place, to the label; `again` makes the tree
what it was before for the next tool) or `restore` (elsewhere, from the label). `what` names its row in the table.
"""

import os
import pathlib
import random
import sqlite3
import subprocess

MIB = 1 << 20


class Workload:
    name = ""
    title = ""

    def __init__(self, tree, helper, scale, updates):
        self.tree, self.helper, self.scale, self.updates = pathlib.Path(tree), helper, scale, updates

    def make(self, *arguments):
        subprocess.run([str(self.helper), *map(str, arguments)], check=True)

    def size(self, mib):
        return max(MIB, int(mib * MIB * self.scale)) // 65536 * 65536

    def steps(self):
        raise NotImplementedError


class W1(Workload):
    name, title = "W1", "1 GiB of float64 state"

    def steps(self):
        state = self.tree / "state.bin"
        self.make("float", state, self.size(1024), 1)
        yield "save", "first", "first", None

        def change():
            self.make("rewrite", state, 2, 1, 65536)

        change()
        yield "save", "next", "1 % rewritten at random 64 KiB spots", None
        os.utime(state)
        yield "save", "touched", "touched, same bytes", None
        yield "roll back", "first", "roll back in place", change
        yield "roll back unsaved", "first", "roll back in place, no safety checkpoint", change
        yield "restore", "next", "restore elsewhere", None


class W2(Workload):
    name, title = "W2", "256 MiB log, 8 MiB appended"

    def steps(self):
        log = self.tree / "run.log"
        self.make("log", log, self.size(256), 1)
        yield "save", "first", "first", None
        self.make("log", log, self.size(8), 2)
        yield "save", "next", "8 MiB appended", None
        yield "restore", "next", "restore elsewhere", None


class W3(Workload):
    name, title = "W3", "1 KiB inserted near the start of 512 MiB"

    def steps(self):
        file = self.tree / "data.bin"
        self.make("float", file, self.size(512), 3)
        yield "save", "first", "first", None
        self.make("insert", file, 100000, 1024, 4)
        yield "save", "next", "1 KiB inserted", None
        yield "restore", "next", "restore elsewhere", None


class W4(Workload):
    name, title = "W4", "50,000 small files"

    def file(self, index):
        return self.tree / f"d{index // 1000:03}" / f"s{index // 100 % 10}" / f"f{index:06}.txt"

    def write(self, index, generator):
        words = [generator.choice(("value", "node", "error", "temperature", "step", "rank", "total", "grid")) + str(generator.randrange(100000)) for _ in range(generator.randrange(20, 700))]
        self.file(index).write_text(" ".join(words) + "\n")

    def steps(self):
        generator = random.Random(5)
        count = max(100, int(50000 * self.scale))
        for index in range(count):
            self.file(index).parent.mkdir(parents=True, exist_ok=True)
            self.write(index, generator)
        yield "save", "first", "first", None
        yield "save", "same", "nothing changed", None
        for index in generator.sample(range(count), 100):
            self.write(index, generator)
        yield "save", "next", "100 changed", None
        yield "restore", "next", "restore elsewhere", None


class W6(Workload):
    name, title = "W6", "SQLite database, 2,200 rows updated"

    def steps(self):
        path = self.tree / "results.db"
        generator = random.Random(6)
        rows = max(3000, int(270000 * self.scale))
        with sqlite3.connect(path) as database:
            database.execute("PRAGMA synchronous=OFF")
            database.execute("CREATE TABLE result (id INTEGER PRIMARY KEY, name TEXT, score REAL, payload BLOB)")
            database.executemany("INSERT INTO result VALUES (?, ?, ?, ?)", ((i, f"sample-{i:08}", generator.random(), generator.randbytes(450)) for i in range(rows)))
        database.close()
        yield "save", "first", "first", None
        for update in range(self.updates):
            with sqlite3.connect(path) as database:
                database.execute("PRAGMA synchronous=OFF")
                chosen = generator.sample(range(rows), max(10, int(2200 * self.scale)))
                database.executemany("UPDATE result SET score = ?, payload = ? WHERE id = ?", ((generator.random(), generator.randbytes(450), row) for row in chosen))
            database.close()
            yield "save", f"update-{update}", f"2,200 rows updated, {self.updates} times" if self.updates > 1 else "2,200 rows updated", None
        yield "restore", f"update-{self.updates - 1}", "restore the last elsewhere", None


class W7(Workload):
    name, title = "W7", "ten checkpoints of a float array that grows to 800 MiB"

    def steps(self):
        for step in range(10):
            self.make("float", self.tree / "series.bin", self.size(80), 70 + step)
            yield "save", f"step-{step}", "ten checkpoints", None
        yield "restore", "step-9", "restore the last elsewhere", None


class Pages(Workload):
    name, title = "pages", "256 random 4 KiB pages of 512 MiB"

    def steps(self):
        file = self.tree / "array.bin"
        self.make("float", file, self.size(512), 8)
        yield "save", "first", "first", None
        self.make("pages", file, 9, 256)
        yield "save", "next", "256 pages rewritten", None
        yield "restore", "next", "restore elsewhere", None


class Small(Workload):
    name, title = "small", "200 small files, one changed: the fixed cost"

    def steps(self):
        for index in range(200):
            (self.tree / f"file-{index}").write_text(f"{index} " * 300)
        yield "save", "first", "first", None
        (self.tree / "file-100").write_text("changed " * 300)
        yield "save", "next", "one changed", None


ALL = (W1, W2, W3, W4, W6, W7, Pages, Small)
