#!/usr/bin/env bats
# What needs no repository: help, mistakes, output that can't be delivered.
load helpers

@test "help goes to standard output and exits 0" {
  expect 0 --help; has "$out" '^Examples:'; has "$out" 'checkpoint +Record'; same "$err" ""
  expect 0 help; has "$out" 'checkpoint +Record'
  expect 0 help restore; has "$out" '^Usage: metamori restore \[OPTIONS\] REV \[PATH'
  expect 0 restore --help; has "$out" '^  16 +refused'
}

@test "every command has examples before its options" {
  for command in $(m help --json | python3 -c 'import json,sys; print(*[c["name"] for c in json.load(sys.stdin)["commands"]])'); do
    expect 0 "$command" --help
    examples=$(grep -n '^Examples:' <<<"$out" | cut -d: -f1)
    options=$(grep -n '^Common options:' <<<"$out" | cut -d: -f1)
    [ "$examples" -lt "$options" ]
  done
}

@test "version is told in words and in JSON" {
  expect 0 version; has "$out" '^metamori [0-9]+\.[0-9]+\.[0-9]+ \(repository format 1\)$'
  expect 0 --version; has "$out" '^metamori '
  expect 0 version --json; same "$(json 'j["format"]')" 1
}

@test "no command is a mistake" { expect 2; has "$err" '^metamori: error: no command given$'; same "$out" ""; }

@test "unknown commands and options suggest the nearest" {
  expect 2 chekpoint; has "$err" '^hint: did you mean checkpoint\?$'
  expect 2 help revisions; has "$err" '^hint: man 7 metamori-revisions$'
  expect 2 log --onelin; has "$err" '^hint: did you mean --oneline\?$'
  expect 2 --jsn log; has "$err" 'did you mean --json'
}

@test "options can't be abbreviated" { expect 2 checkpoint --skip; has "$err" 'unknown option --skip'; }

@test "bad values are told" {
  expect 2 log -n many; has "$err" "option --max: 'many' is not a number"
  expect 2 checkpoint --check=fast; has "$err" 'one of auto\|mtime\|content'
  expect 2 checkpoint --on-torn=keep-previuos; has "$err" '^hint: did you mean keep-previous\?$'
  expect 2 verify --data=0%
  expect 2 log --since=sometime
  expect 2 diff 1...2
  expect 2 cat HEAD
  expect 2 tag -d
}

@test "no repository is 10, with a hint or without" {
  expect 10 status; has "$err" '^metamori: error: '
  expect 10 --repo /nonexistent/x log
  expect 10 restore HEAD --if-exists
}

@test "errors are JSON with --json, wherever it stands" {
  expect 10 status --json; same "$(json 'j["type"], j["kind"], j["exit_code"]')" "('error', 'no_repository', 10)"; same "$err" ""
  expect 10 --json status; same "$(json 'j["kind"]')" no_repository
  expect 2 chekpoint --json; same "$(json 'j["hint"]')" "did you mean checkpoint?"
  expect 2 log --json --bogus; same "$(json 'j["kind"]')" usage
}

@test "errors show no control characters" {
  expect 2 $'\x1b[2J'; [[ "$err" != *$'\x1b'* ]]
  expect 1 -C $'no\nsuch\x1b' status; same "$(wc -l <<<"$err")" 2
}

@test "output that can't be written is a failure" {
  code=0; m help >/dev/full 2>"$BATS_TEST_TMPDIR/err" || code=$?
  same "$code" 1; has "$(cat "$BATS_TEST_TMPDIR/err")" 'write to standard output: No space left'
  code=0; m help 2>/dev/null >&- || code=$?
  same "$code" 1
}

@test "a reader that leaves is no failure, and silent" {
  { m help; echo $? >code; } 2>err | true
  same "$(cat err)" ""
}

@test "colours only where wanted" {
  expect 0 help --color=always
  expect 2 help --color=sometimes
}

@test "-C changes the directory, several add up" {
  mkdir -p x/y
  expect 0 -C x -C y init; [ -d x/y/.metamori ]
  expect 1 -C nowhere status
}
