#!/usr/bin/env bats
# The manual says what the program does.
load helpers

# Names of options that a page lists: `.It Fl n , Fl -dry-run` at the head of an item.
options_of_page() {
  sed -n 's/^\.It \(Fl .*\)/\1/p' "$1" | tr -s ' ' '\n' | awk 'previous == "Fl" { print "-" $0 } { previous = $0 }' | sed 's/=.*//; s/\[.*//; s/\\&//g' | sort -u
}

commands() { m help --json | python3 -c 'import json,sys; print(*[c["name"] for c in json.load(sys.stdin)["commands"]])'; }

@test "every command has a page, with exactly its options" {
  : "${METAMORI_SOURCE:?}"
  for command in $(commands); do
    page=$METAMORI_SOURCE/man/metamori-$command.1
    [ -f "$page" ]
    same "$command: $(options_of_page "$page" | xargs)" "$command: $(m __options "$command" | sort -u | xargs)"
  done
  same "$(options_of_page "$METAMORI_SOURCE/man/metamori.1" | xargs)" "$(m __options | sort -u | xargs)"
}

@test "each page has the exit codes of its command" {
  for command in $(commands); do
    page=$METAMORI_SOURCE/man/metamori-$command.1
    codes=$(m help --json "$command" | python3 -c 'import json,sys; print(*json.load(sys.stdin)["commands"][0]["exit_codes"])')
    [ "$command" != watch ] || codes=${codes#0 }  # that of the job
    same "$command: $(sed -n '/^\.Sh EXIT STATUS/,/^\.El/s/^\.It \([0-9]*\)$/\1/p' "$page" | xargs)" "$command: $codes"
  done
}

@test "metamori-json(7) has the members of docs/json.md, in their order" {
  python3 - "$METAMORI_SOURCE" <<'END'
import pathlib, re, sys
source = pathlib.Path(sys.argv[1])
sys.path.insert(0, str(source / "tests/cli"))
from contract_schema import Schema
wanted = {name: [member or f"all of {kind}" for member, kind, _ in rows] for name, rows in Schema((source / "docs/json.md").read_text()).tables.items()}
found, name = {}, None
for line in (source / "man/metamori-json.7").read_text().splitlines():
    if line.startswith((".Ss ", ".Sh ")):
        name = line[4:] if line.startswith(".Ss") else None
    elif name and line.startswith(".It all of Sx "):
        found.setdefault(name, []).append("all of " + line.split()[-1])
    elif name and line.startswith(".It Va "):
        found.setdefault(name, []).extend(re.findall(r"Va (\w+)", line))
assert list(found) == list(wanted), f"headings differ: {sorted(set(found) ^ set(wanted)) or 'their order'}"
for name in wanted:
    assert found[name] == wanted[name], f"{name}: the page has {found[name]}, docs/json.md {wanted[name]}"
END
}

@test "no page without a command" {
  for page in "$METAMORI_SOURCE"/man/metamori-*.1; do
    name=$(basename "$page" .1)
    m help "${name#metamori-}" >/dev/null
  done
}

@test "pages are clean" {
  command -v mandoc >/dev/null || skip "mandoc is missing"
  run mandoc -Tlint -W warning "$METAMORI_SOURCE"/man/*.[157]
  same "$output" ""
}
