#!/bin/sh
# tools/package, where there is time for it and what it needs.
set -eu
cd "$(dirname "$0")/../.."
if [ "${METAMORI_TEST_SCALE:-1}" -le 1 ]; then
  echo "skipped: takes minutes; run tools/package, or tools/test --full"
  exit 77
fi
for tool in dh dpkg-buildpackage fakeroot lintian debootstrap; do
  if ! command -v $tool >/dev/null && ! [ -x /usr/sbin/$tool ]; then
    echo "skipped: $tool is missing (tools/setup --package)"
    exit 77
  fi
done
work=$(mktemp -d "${TMPDIR:-/tmp}/metamori-packages.XXXXXX")
trap 'rm -rf "$work"' EXIT
PATH=$PATH:/usr/sbin tools/package --no-setup --output "$work" | tee "$work/said"
if grep '^skipped' "$work/said"; then exit 77; fi
