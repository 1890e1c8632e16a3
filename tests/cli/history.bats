#!/usr/bin/env bats
# Looking at history: logs, what changed a path, lines of descent.
load helpers

# 1, 2 and 3 on main; 3 moves a to b and 5 goes on from 1.
branches() {
  m init -q
  printf one >a; m checkpoint -q -m first --meta step=1 >/dev/null
  printf two >a; m checkpoint -q -m second --meta step=2 --tag good >/dev/null
  mv a b; m checkpoint -q -m third --meta step=3 >/dev/null
  m restore 1 -q --delete
  printf other >c; m checkpoint -q -m branch >/dev/null
}

@test "log follows a path through its moves" {
  branches
  expect 0 log --format='%# %(paths)' main -- b; same "$out" $'3 b\n2 a\n1 a'
  expect 0 log main -- b; has "$out" '^Path:   R a -> b$'
  expect 0 log --no-follow --format=%# main -- b; same "$out" 3
  expect 0 log --json main -- b
  same "$(json '[(c["number"], [(p["path"], p["change"], p.get("from")) for p in c["paths"]]) for c in j["checkpoints"]]')" \
    "[(3, [('b', 'renamed', 'a')]), (2, [('a', 'modified', None)]), (1, [('a', 'added', None)])]"
  expect 0 log --stat --oneline -n 1 main -- b; has "$out" ' a -> b +\| renamed$'
}

@test "log draws the branches that restores made" {
  branches
  expect 0 log --graph --all --format='%# %s'
  same "$out" "$(printf '%s\n' '* 6 branch' '| o 4 before restore of 1' '| * 3 third' '| * 2 second' '|/' '* 1 first')"
  expect 0 log --graph --all -n 2; has "$out" '^\| o checkpoint 4 '; has "$out" '^\| \|     before restore'
  expect 0 log --graph --json main; same "$(json '[(c["number"], c["ancestors"]) for c in j["checkpoints"]]')" "[(3, [2]), (2, [1]), (1, [])]"
  expect 0 log --graph --oneline main -- nosuch; same "$out" ""
}

@test "log formats as git does" {
  branches
  expect 0 log -n 1 --format='%#|%s|%D|%(meta:step)|%%|%x41%n.' good; same "$out" $'2|second|main, tag: good|2|%|A\n.'
  expect 0 log -n 1 --format='%H %h %P'; has "$out" '^[0-9a-f]{40} [0-9a-f]{8} [0-9a-f]{40}$'
  expect 0 log --format=%s -z main; same "$out" 'third@second@first@'
  expect 0 log -n 1 --format=%s --stat main; has "$out" ' renamed$'
  expect 2 log --format=%q; has "$err" "no placeholder '%q'"
  expect 2 log --format=%s --oneline; expect 2 log --format=%s --json; expect 2 log -z; expect 2 log --no-follow
}

@test "dates select, and metadata too" {
  branches
  expect 0 log --format=%# --meta step=2 main; same "$out" 2
  expect 0 log --format=%# --since='1 hour ago' main; same "$out" $'3\n2\n1'
  expect 0 log --format=%# --until='1 hour ago' main; same "$out" ""
  expect 0 log --format=%# 1..main; same "$out" $'3\n2'
}
