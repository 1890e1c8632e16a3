#!/usr/bin/env python3
"""Everything that is public is documented: documented.py SOURCE_DIRECTORY.

Doxygen is to find nothing in the headers as they are, and something as soon as a function, a member, an enumerator or a macro without a word
is planted in a copy of them.
"""

import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ElementTree

SKIPPED = 77
# File, what to find there, what it becomes.
PLANTED = [
    ("repository.hpp", r"^METAMORI_API VersionInfo version\(\);", "METAMORI_API VersionInfo version();\nMETAMORI_API void planted();"),
    ("repository.hpp", r"^  std::vector<TagInfo> tags\(\);", "  std::vector<TagInfo> tags();\n  void planted();"),
    ("types.hpp", r"^  std::int64_t seconds = 0;.*", "  std::int64_t seconds = 0;"),
    ("control.hpp", r"^  scan, .*", "  scan,"),
    ("checkpoint.hpp", r"^/// Who made a checkpoint.*", ""),
    ("metamori.h", r" */\*\*< the disk or a quota is full \*/", ""),
    ("metamori.h", r"^/\*\* Frees the log; NULL is fine\. \*/", ""),
    ("metamori.h", r"^  int shared; .*", "  int shared;"),
    ("metamori.h", r"^/\*\* What a metamori_change begins as\. \*/", ""),
]


def is_empty(element):
    return not any("".join(part.itertext()).strip() for tag in ("briefdescription", "detaileddescription") for part in element.findall(tag))


def complaints(source, work):
    """What is wrong with the documentation of the headers in `work`, one line each."""
    output = work / "out"
    shutil.rmtree(output, ignore_errors=True)
    settings = (source / "docs/Doxyfile").read_text() + f"\nOUTPUT_DIRECTORY={output}\nGENERATE_HTML=NO\nGENERATE_XML=YES\n"
    run = subprocess.run(["doxygen", "-"], input=settings, cwd=work, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    found = run.stdout.splitlines()
    if run.returncode != 0 and not found:
        found.append(f"doxygen ended with {run.returncode}")
    # Enumerators without a word are not told of before doxygen 1.9.8.
    for page in sorted((output / "xml").glob("*.xml")):
        for enumerator in ElementTree.parse(page).getroot().iter("enumvalue"):
            if is_empty(enumerator):
                found.append(f"{page.name}: enumerator {enumerator.findtext('name')} is not documented")
    return found


def main():
    source = pathlib.Path(sys.argv[1]).resolve()
    if not shutil.which("doxygen"):
        print("skipped: doxygen is missing")
        return SKIPPED
    with tempfile.TemporaryDirectory(prefix="metamori-documented.") as name:
        work = pathlib.Path(name)
        headers = work / "include/metamori"
        shutil.copytree(source / "include", work / "include")
        found = complaints(source, work)
        if found:
            print(*found, sep="\n")
            return 1
        for header, pattern, replacement in PLANTED:
            text = (headers / header).read_text()
            planted, count = re.subn(pattern, replacement, text, count=1, flags=re.MULTILINE)
            if count == 0:
                print(f"nothing to plant in {header}: no {pattern}")
                return 1
            (headers / header).write_text(planted)
            if not complaints(source, work):
                print(f"not noticed in {header}: {pattern} -> {replacement!r}")
                return 1
            (headers / header).write_text(text)
    print(f"the public headers are documented; {len(PLANTED)} planted omissions were noticed")
    return 0


sys.exit(main())
