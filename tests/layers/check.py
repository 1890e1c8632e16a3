#!/usr/bin/env python3
"""Checks what docs/design.md says of the layers: check.py RULE --source DIR.

includes  #include lines point only cmd -> include/metamori <- core -> objects -> base; some libraries have one place each
links     so do the link lines of the CMakeLists
calls     below cmd nothing prints, exits or reads the environment, and files are touched through System alone
headers   every header compiles alone
Prints one line a violation; exits 1 if there is any.
"""

import argparse
import concurrent.futures
import os
import pathlib
import re
import shutil
import subprocess
import sys

LAYERS = ("base", "objects", "core", "include", "cmd")
# What each layer may include of the project. The front door (and the C interface) is for core, which implements it, and cmd.
MAY_INCLUDE = {
    "base": ("base", "metamori"),
    "objects": ("base", "objects", "metamori"),
    "core": ("base", "objects", "core", "metamori"),
    "include": ("metamori",),
    "cmd": ("cmd", "metamori"),
    "examples": ("metamori",),
}
FRONT_DOOR = ("metamori/repository.hpp", "metamori.h")
# Libraries with one place each: what their headers begin with, and where they may be included.
PLACES = (
    (r"git2(\.h|/)", lambda path: path.startswith("objects/git/")),
    (r"openssl/", lambda path: path == "base/digest.cpp"),
    (r"CLI/", lambda path: path in ("cmd/options.cpp", "cmd/main.cpp")),
    (r"(iostream|fstream|filesystem)$", lambda path: not path.startswith(("base/", "objects/", "core/", "include/"))),
    (r"unistd\.h|sys/mman\.h|sys/xattr\.h", lambda path: not path.startswith(("base/", "objects/", "core/", "include/")) or path.startswith("base/real_")),
)
LINKS = {
    "base": {"metamori_options"},
    "objects": {"metamori_options", "metamori_base"},
    "core": {"metamori_options", "metamori_base", "metamori_objects"},
    "cmd": {"metamori_options", "metamori_core", "metamori"},
}
LINK_PLACES = {"PkgConfig::LIBGIT2": "objects", "OpenSSL::Crypto": "base", "CLI11::CLI11": "cmd"}
FORBIDDEN_CALLS = re.compile(
    r"(?<![\w.>:])(?:(?:std)?::)?(?:v?f?printf|puts|putchar|fputs|fputc|perror|exit|_exit|quick_exit|getenv|secure_getenv|setenv|putenv|popen)\s*\("
    r"|(?<!\w)(?:std)?::system\s*\(|\bstd::(?:cout|cerr|clog|cin)\b|\bfmt::print\b"
    r"|(?<!\w)::(?:open|openat|creat|read|write|pread|pwrite|close|rename|renameat2?|unlink|unlinkat|mkdir|rmdir|stat|lstat|fstat|statx|fsync|fdatasync|mmap|link|symlink|chmod|fopen)\s*\("
    r"|\bstd::(?:fopen|remove|rename|tmpfile)\s*\("
)
# A failed assertion ends the process; the real system is where the kernel is called.
CALLS_ALLOWED = re.compile(r"base/(assert|real_\w+)\.cpp$")


def sources(root, directory, suffixes=(".cpp", ".hpp", ".h")):
    top = root / directory
    return sorted(path for path in top.rglob("*") if path.suffix in suffixes and path.is_file()) if top.is_dir() else []


def without_comments(text, keep_strings):
    """`text` with comments (and, unless kept, the insides of literals) blanked out, line by line as before."""
    pattern = re.compile(r'//[^\n]*|/\*.*?\*/|R"(\w*)\(.*?\)\1"|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])+\'', re.DOTALL)

    def blank(found):
        token = found[0]
        if token.startswith(("//", "/*")):
            return re.sub(r"[^\n]", " ", token)
        return token if keep_strings else '""' + "\n" * token.count("\n")

    return pattern.sub(blank, text)


def includes_of(path):
    text = without_comments(path.read_text(errors="replace"), keep_strings=True)
    for number, line in enumerate(text.splitlines(), 1):
        found = re.match(r'\s*#\s*include\s*([<"])([^>"]+)[>"]', line)
        if found:
            yield number, found[1], found[2]


def check_includes(root):
    for layer in (*LAYERS, "examples"):
        for path in sources(root, layer):
            name = path.relative_to(root).as_posix()
            for number, mark, header in includes_of(path):
                for pattern, is_place in PLACES:
                    if re.match(pattern, header) and not is_place(name):
                        yield f"{name}:{number}: <{header}> has no business here"
                if mark == "<" and header.split("/")[0] not in (*LAYERS, "metamori"):
                    continue
                part = "metamori" if header.startswith(("metamori/", "metamori.h")) else header.split("/")[0]
                if part not in MAY_INCLUDE[layer]:
                    yield f"{name}:{number}: {layer} must not include \"{header}\""
                elif layer in ("base", "objects") and header in FRONT_DOOR:
                    yield f"{name}:{number}: {layer} must not include the front door \"{header}\""


def check_links(root):
    for layer, allowed in LINKS.items():
        lists = root / layer / "CMakeLists.txt"
        if not lists.is_file():
            continue
        text = re.sub(r"#[^\n]*", "", lists.read_text())
        for found in re.finditer(r"target_link_libraries\s*\(\s*(\S+)([^)]*)\)", text):
            for library in found[2].split():
                own = library == f"metamori_{layer}" or library == found[1] or re.search(rf"add_(?:library|executable)\s*\(\s*{re.escape(library)}\b", text)
                if library.startswith("metamori") and library not in allowed and not own:
                    yield f"{layer}/CMakeLists.txt: {found[1]} must not link {library}"
                if library in LINK_PLACES and LINK_PLACES[library] != layer:
                    yield f"{layer}/CMakeLists.txt: {found[1]} must not link {library}: that is for {LINK_PLACES[library]}"


def check_calls(root):
    for layer in ("base", "objects", "core", "include"):
        for path in sources(root, layer):
            name = path.relative_to(root).as_posix()
            if CALLS_ALLOWED.match(name):
                continue
            text = without_comments(path.read_text(errors="replace"), keep_strings=False)
            for number, line in enumerate(text.splitlines(), 1):
                for found in FORBIDDEN_CALLS.finditer(line):
                    if re.search(r"[\w>&*]\s+$", line[: found.start()]) and not re.search(r"\breturn\s+$", line[: found.start()]):
                        continue  # a declaration: `Type name(`
                    yield f"{name}:{number}: {found[0].strip()} below cmd"


def compile_alone(root, header, compiler, build):
    """Compiles a file that holds nothing but the header. ccache, where there is one, makes the second time quick."""
    name = header.relative_to(root).as_posix()
    stub = build / (name.replace("/", "_") + (".c" if header.suffix == ".h" else ".cpp"))
    spelled = name.removeprefix("include/")
    text = f'#include "{spelled}"\n#include "{spelled}"\n'
    if not stub.exists() or stub.read_text() != text:
        stub.write_text(text)
    ccache = shutil.which("ccache")
    language = ["-x", "c", "-std=c11"] if header.suffix == ".h" else ["-std=c++20"]
    command = [*([ccache] if ccache else []), compiler, *language, "-D_FILE_OFFSET_BITS=64", "-I", str(root), "-I", str(root / "include"), "-c", str(stub), "-o", str(stub) + ".o"]
    result = subprocess.run(command, capture_output=True, text=True, env={**os.environ, "CCACHE_NOHASHDIR": "1"}, check=False)
    return "" if result.returncode == 0 else f"{name} does not compile alone:\n{result.stderr[:2000]}"


def check_headers(root, compiler, build):
    build.mkdir(parents=True, exist_ok=True)
    headers = [header for layer in LAYERS for header in sources(root, layer, (".hpp", ".h"))]
    for header in headers:
        if header.suffix == ".hpp" and "#pragma once" not in header.read_text(errors="replace"):
            yield f"{header.relative_to(root)}: no #pragma once"
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        yield from filter(None, pool.map(lambda header: compile_alone(root, header, compiler, build), headers))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("rule", choices=("includes", "links", "calls", "headers"))
    parser.add_argument("--source", type=pathlib.Path, required=True)
    parser.add_argument("--build", type=pathlib.Path)
    parser.add_argument("--compiler", default="c++")
    options = parser.parse_args()
    root = options.source.resolve()
    if options.rule == "headers":
        violations = list(check_headers(root, options.compiler, options.build.resolve()))
    else:
        violations = list({"includes": check_includes, "links": check_links, "calls": check_calls}[options.rule](root))
    for violation in violations:
        print(violation)
    print(f"{len(violations)} violations")
    return 1 if violations else 0


if __name__ == "__main__":
    sys.exit(main())
