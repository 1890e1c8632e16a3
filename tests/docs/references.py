#!/usr/bin/env python3
"""What the documentation names is there: references.py SOURCE_DIRECTORY.

Links to files and headings lead somewhere, and every source file that a page names exists: by its path from the top, or by its name alone.
"""

import fnmatch
import pathlib
import re
import subprocess
import sys

SOURCE_FILE = re.compile(r"(?<![\w/.{}*<-])((?:[\w-]+/)*[\w*-]+\.(?:cpp|hpp|py|cmake|bats|sh|md|[ch]))(?![\w*])")
ELSEWHERE = {"git2.h", "result.md", "program.c", "program.cpp"}  # a library's header; files that users make
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")


def anchor_of(heading):
    """As GitHub makes them."""
    text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading)
    return re.sub(r"[^\w\- ]", "", text.strip().lower()).replace(" ", "-")


def anchors(page):
    text = re.sub(r"^```.*?^```", "", page.read_text(), flags=re.MULTILINE | re.DOTALL)
    return {anchor_of(found) for found in re.findall(r"^#+ (.*)", text, re.MULTILINE)}


def bad_links(root, page):
    for number, line in enumerate(page.read_text().splitlines(), 1):
        for target in LINK.findall(re.sub(r"`[^`]*`", "", line)):
            path, _, anchor = target.partition("#")
            if re.match(r"[a-z]+:", path):
                continue
            found = (page.parent / path).resolve() if path else page
            if not found.exists():
                yield f"{page.relative_to(root)}:{number}: no {target}"
            elif anchor and anchor not in anchors(found):
                yield f"{page.relative_to(root)}:{number}: no heading for {target}"


def bad_files(root, page, files):
    names = {file.rsplit("/", 1)[-1] for file in files}
    made_here = set(re.findall(r"<!-- file: (\S+) -->", page.read_text()))
    for number, line in enumerate(page.read_text().splitlines(), 1):
        for name in SOURCE_FILE.findall(LINK.sub("", line)):
            known = fnmatch.filter(files if "/" in name else names, name) or fnmatch.filter(files, f"*/{name}")
            if not known and "NAME" not in name and name not in made_here | ELSEWHERE:
                yield f"{page.relative_to(root)}:{number}: no file {name}"


def main():
    root = pathlib.Path(sys.argv[1]).resolve()
    listed = subprocess.run(["git", "-C", root, "ls-files", "-co", "--exclude-standard"], text=True, stdout=subprocess.PIPE)
    files = listed.stdout.splitlines() if listed.returncode == 0 else [str(path.relative_to(root)) for path in root.rglob("*") if path.is_file()]
    files = [file for file in files if (root / file).exists()]
    pages = [root / file for file in files if file.endswith(".md")]
    found = [problem for page in pages for problem in (*bad_links(root, page), *bad_files(root, page, files))]
    print(*found, sep="\n")
    print(f"{len(pages)} pages looked at, {len(found)} references lead nowhere")
    return 1 if found or len(pages) < 5 else 0


sys.exit(main())
