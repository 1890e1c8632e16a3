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
