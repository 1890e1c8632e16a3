#!/bin/bash
# Installs the library under a temporary prefix, as a packager would, and builds and runs programs against what came to lie there and
# nothing else: consumers.sh BUILD_DIRECTORY CXX CC [SANITIZERS].
set -euo pipefail
if [ -n "${4-}" ]; then
  echo "skipped: the library is built with sanitizers"
  exit 77
fi
build=$(cd "$1" && pwd) cxx=$2 cc=$3
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d "${TMPDIR:-/tmp}/metamori-consumers.XXXXXX")
trap 'rm -rf "$work"' EXIT
prefix=$work/prefix
cmake --install "$build" --prefix "$prefix" >"$work/install.log" || { cat "$work/install.log"; exit 1; }
for place in bash-completion/completions/metamori fish/vendor_completions.d/metamori.fish man/man1/metamori-config.1 man/man5/metamori-format.5; do
  [ -s "$prefix/share/$place" ] || { echo "$place was not installed"; exit 1; }
done
libraries=$(dirname "$(find "$prefix" -name libmetamori.a)")
export PKG_CONFIG_PATH=$libraries/pkgconfig
strict=(-Wall -Wextra -Wpedantic -Werror)
checked=0

# run NAME PROGRAM: it works on a tree of its own.
run() {
  mkdir "$work/tree-$1"
  LD_LIBRARY_PATH=$libraries "$2" "$work/tree-$1" || { echo "$1: the program failed"; exit 1; }
  checked=$((checked + 1))
}
# depends PROGRAM yes|no: whether it needs the shared library at run time.
depends() {
  local found=no
  if readelf -d "$1" | grep -q 'NEEDED.*\[libmetamori\.so\.0\]'; then found=yes; fi
  [ $found = "$2" ] || { echo "$1: needs libmetamori.so.0: $found, expected $2"; exit 1; }
}

cmake -S "$here/consumer" -B "$work/cmake" -DCMAKE_PREFIX_PATH="$prefix" -DCMAKE_CXX_COMPILER="$cxx" -DCMAKE_C_COMPILER="$cc" >"$work/cmake.log" 2>&1 ||
  { cat "$work/cmake.log"; exit 1; }
cmake --build "$work/cmake" >"$work/cmake.log" 2>&1 || { cat "$work/cmake.log"; exit 1; }
for language in cpp c; do
  run "cmake-$language-shared" "$work/cmake/${language}_shared"
  depends "$work/cmake/${language}_shared" yes
  run "cmake-$language-static" "$work/cmake/${language}_static"
  depends "$work/cmake/${language}_static" no
done

# shellcheck disable=SC2046  # pkg-config gives words
"$cxx" -std=c++20 "${strict[@]}" "$here/consumer/consumer.cpp" -o "$work/pc-cpp" $(pkg-config --cflags --libs metamori)
run pc-cpp "$work/pc-cpp"
depends "$work/pc-cpp" yes
for standard in c99 c11 c17; do
  # shellcheck disable=SC2046
  "$cc" -std=$standard "${strict[@]}" -Wstrict-prototypes "$here/consumer/consumer.c" -o "$work/pc-$standard" $(pkg-config --cflags --libs metamori)
  run "pc-$standard" "$work/pc-$standard"
  depends "$work/pc-$standard" yes
done
# Where the archive alone is there, `--static` must name all it needs, also for a C compiler.
mkdir "$work/archive"
cp "$libraries/libmetamori.a" "$work/archive"
read -ra flags <<<"$(pkg-config --static --cflags --libs-only-l metamori)"
"$cc" -std=c11 "${strict[@]}" "$here/consumer/consumer.c" -o "$work/pc-static" -L"$work/archive" "${flags[@]}"
run pc-static "$work/pc-static"
depends "$work/pc-static" no

# What docs/library.md shows compiles.
shown() {
  sed -n "/^\`\`\`$1\$/,/^\`\`\`\$/p" "$here/../../docs/library.md" | grep -v '^```' >"$work/shown"
  grep '^#include' "$work/shown"
  echo "int shown($2) {"
  grep -v '^#include' "$work/shown"
  echo 'return 0; }'
}
shown cpp '' >"$work/shown.cpp"
{ echo '#include <stdio.h>'; shown c void; } >"$work/shown.c"
# shellcheck disable=SC2046
"$cxx" -std=c++20 -Wall -Wextra -Werror -fsyntax-only "$work/shown.cpp" $(pkg-config --cflags metamori)
# shellcheck disable=SC2046
"$cc" -std=c11 -Wall -Wextra -Wno-missing-prototypes -Werror -fsyntax-only "$work/shown.c" $(pkg-config --cflags metamori)

# What was built says which version it is, in one voice.
version=$(pkg-config --modversion metamori)
"$prefix/bin/metamori" --version | grep -qF "$version" || { echo "the program isn't version $version"; exit 1; }
if grep -rl "$build" "$prefix" --include='*.cmake' --include='*.pc'; then echo "these name the build directory"; exit 1; fi
echo "$checked programs built against the installed library work"
