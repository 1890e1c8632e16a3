#!/usr/bin/env python3
"""Plants one violation at a time in a small tree and sees that check.py finds it, and that it finds nothing in the tree as it should be."""

import pathlib
import subprocess
import sys
import tempfile

CHECK = pathlib.Path(__file__).with_name("check.py")

GOOD = {
    "base/a.hpp": '#pragma once\n#include <string>\n#include "metamori/types.hpp"\ninline std::string a() { return "printf("; }  // std::cout\n',
    "base/digest.cpp": "#include <openssl/evp.h>\n",
    "base/assert.cpp": "void f() { std::fprintf(stderr, message); }\n",
    "base/real_system.cpp": "#include <unistd.h>\nvoid f() { ::close(1); }\n",
    "base/CMakeLists.txt": "add_library(metamori_base a.cpp)\ntarget_link_libraries(metamori_base PUBLIC metamori_options PRIVATE OpenSSL::Crypto)\n",
    "objects/o.hpp": '#pragma once\n#include "base/a.hpp"\n',
    "objects/git/h.cpp": "#include <git2.h>\n",
    "objects/CMakeLists.txt": "target_link_libraries(metamori_objects PUBLIC metamori_base PRIVATE PkgConfig::LIBGIT2)\n",
    "core/c.cpp": '#include "objects/o.hpp"\n#include "metamori/repository.hpp"\nvoid f() { snprintf(b, 1, ""); files.rename(1); system_.stat(1); }\n',
    "core/CMakeLists.txt": "target_link_libraries(metamori_core PUBLIC metamori_objects)\n",
    "include/metamori/types.hpp": "#pragma once\n",
    "include/metamori/repository.hpp": '#pragma once\n#include "metamori/types.hpp"\n',
    "cmd/main.cpp": '#include <CLI/App.hpp>\n#include <iostream>\n#include "metamori/repository.hpp"\nint main() { std::cout << getenv("X"); }\n',
    "cmd/CMakeLists.txt": "target_link_libraries(metamori PRIVATE metamori_core CLI11::CLI11)\n",
}

BAD = [
    ("includes", "base/b.cpp", '#include "objects/o.hpp"\n'),
    ("includes", "objects/b.cpp", '#include "core/c.hpp"\n'),
    ("includes", "objects/b.cpp", "#include <git2/odb.h>\n"),
    ("includes", "objects/b.cpp", '#include "metamori/repository.hpp"\n'),
    ("includes", "core/b.cpp", '#include "cmd/x.hpp"\n'),
    ("includes", "core/b.cpp", "#include <git2.h>\n"),
    ("includes", "core/b.cpp", "#include <fstream>\n"),
    ("includes", "cmd/b.cpp", '#include "core/c.hpp"\n'),
    ("includes", "cmd/b.cpp", "#include <CLI/App.hpp>\n"),
    ("includes", "base/b.cpp", "#include <openssl/sha.h>\n"),
    ("includes", "include/metamori/b.hpp", '#include "core/c.hpp"\n'),
    ("links", "base/CMakeLists.txt", "target_link_libraries(metamori_base PUBLIC metamori_objects)\n"),
    ("links", "objects/CMakeLists.txt", "target_link_libraries(metamori_objects PRIVATE OpenSSL::Crypto)\n"),
    ("links", "cmd/CMakeLists.txt", "target_link_libraries(metamori PRIVATE metamori_objects)\n"),
    ("calls", "core/b.cpp", 'void f() { printf("x"); }\n'),
    ("calls", "core/b.cpp", 'void f() { std::cerr << "x"; }\n'),
    ("calls", "objects/b.cpp", "void f() { std::exit(1); }\n"),
    ("calls", "base/b.hpp", 'auto x = std::getenv("HOME");\n'),
    ("calls", "core/b.cpp", "int x = ::open(path, 0);\n"),
    ("headers", "core/b.hpp", "#pragma once\ninline std::string f();\n"),
    ("headers", "core/b.hpp", "#include <string>\n"),
]


def violations(rule, files):
    with tempfile.TemporaryDirectory() as directory:
        root = pathlib.Path(directory)
        for name, text in files.items():
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        command = [sys.executable, CHECK, rule, "--source", root, "--build", root / "build"]
        return subprocess.run(command, capture_output=True, text=True, check=False)


def main():
    wrong = 0
    for rule in ("includes", "links", "calls", "headers"):
        result = violations(rule, GOOD)
        if result.returncode != 0:
            print(f"{rule}: complains of a tree that is as it should be:\n{result.stdout}{result.stderr}")
            wrong += 1
    for rule, name, text in BAD:
        result = violations(rule, {**GOOD, name: text})
        if result.returncode != 1 or name not in result.stdout:
            print(f"{rule}: does not see, in {name}: {text}{result.stdout}{result.stderr}")
            wrong += 1
    print(f"{4 + len(BAD)} trees, {wrong} wrong")
    return 1 if wrong else 0


sys.exit(main())
