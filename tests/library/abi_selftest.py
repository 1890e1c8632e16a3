#!/usr/bin/env python3
"""tools/abi notices what it is there for: abi_selftest.py SOURCE_DIRECTORY LIBRARY. Works on a copy of the sources it looks at."""

import pathlib
import shutil
import subprocess
import sys
import tempfile

SKIPPED = 77
PLANTED = [
    ("structs", "include/metamori/metamori.h", "  int shared; ", "  int planted; /**< x */\n  int shared; "),
    ("structs", "include/metamori/metamori.h", "METAMORI_LOCKED = 3,", "METAMORI_LOCKED = 33,"),
    ("structs", "include/metamori/metamori.h", "uint64_t reserved[3];", "uint64_t reserved[4];"),
    ("structs", "include/metamori/metamori.h", "const char* name, const char* revision, int force,", "const char* name, const char* revision, long force,"),
    ("symbols", "core/metamori.symbols", "metamori_open@@METAMORI_0\n", ""),
    ("symbols", "core/metamori.symbols", "metamori_open@@METAMORI_0\n", "metamori_open@@METAMORI_0\nmetamori_opened@@METAMORI_0\n"),
    ("symbols", "core/metamori.symbols", "metamori_open@@METAMORI_0\n", "metamori_open@@METAMORI_1\n"),
]


def run(root, what, library):
    return subprocess.run([str(root / "tools/abi"), what, library], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def main():
    source, library = pathlib.Path(sys.argv[1]).resolve(), sys.argv[2]
    if not shutil.which("abidw"):
        print("skipped: abidw is missing")
        return SKIPPED
    with tempfile.TemporaryDirectory(prefix="metamori-abi-selftest.") as name:
        root = pathlib.Path(name)
        for part in ("tools", "core", "include/metamori"):
            (root / part).mkdir(parents=True)
        shutil.copy(source / "tools/abi", root / "tools")
        for part in ("core/metamori.abi", "core/metamori.symbols", *(f"include/metamori/{header.name}" for header in (source / "include/metamori").iterdir())):
            shutil.copy(source / part, root / part)
        for what, path, old, new in PLANTED:
            text = (root / path).read_text()
            if old not in text:
                print(f"nothing to plant in {path}: no {old!r}")
                return 1
            (root / path).write_text(text.replace(old, new, 1))
            outcome = run(root, what, library)
            if outcome.returncode != 1:
                print(f"not noticed: {new!r} in {path} (exit {outcome.returncode})\n{outcome.stdout}")
                return 1
            (root / path).write_text(text)
            if run(root, what, library).returncode != 0:
                print(f"{what}: not clean before and after")
                return 1
    print(f"{len(PLANTED)} planted changes of the interface were noticed")
    return 0


sys.exit(main())
