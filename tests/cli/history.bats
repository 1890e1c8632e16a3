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

@test "find tells which checkpoints hold each version of a path" {
  branches
  expect 0 find a
  has "$out" '^a$'; has "$out" '^ +1 [0-9a-f]{8}  [^ ]+  added +3 B  in 1, 6$'; has "$out" '^ +2 .* modified +3 B  in 2$'; has "$out" '^ +3 .* removed *$'
  expect 0 find --oneline '*' '!a'; same "$out" $'b  3, 1 version\nc  6, 1 version'
  expect 0 find -q 'a'; same "$out" a
  expect 0 find -z '[ab]'; same "$out" a@b@
  expect 0 find --json '/a'
  same "$(json '[(v["number"], v["change"], v["size"], [(h["first"], h["last"]) for h in v["held_by"]]) for v in j["paths"][0]["versions"]]')" \
    "[(1, 'added', 3, [(1, 1), (6, 6)]), (2, 'modified', 3, [(2, 2)]), (3, 'removed', None, [])]"
  expect 0 find nosuch; same "$out" ""; has "$err" '^nothing matches in 4 checkpoints$'
  expect 0 find --all --oneline b; same "$out" 'b  3..4, 1 version'
  expect 2 find; expect 2 find ''
}

@test "stats tells what takes space, and what forgetting would free" {
  m init -q
  expect 0 stats; has "$out" '^Checkpoints: 0 on 0 lines'
  head -c 100000 /dev/urandom >a; cp a b; m checkpoint -q >/dev/null
  mkdir d; head -c 50000 /dev/urandom >d/c; m checkpoint -q >/dev/null
  expect 0 stats --bytes; has "$out" '^Checkpoints: 2 on 1 line; 0 safety checkpoints, 0 forgotten$'; has "$out" '^Files: +450000 B logical, 150000 B unique, '
  expect 0 stats --json; same "$(json 'j["files"]["logical"], j["files"]["unique"], j["deduplication"], j["unused"]["chunks"]')" "(450000, 150000, 3.0, 0)"
  expect 0 stats 2 --json; same "$(json 'j["checkpoint"]["number"], j["checkpoint"]["whole"]["logical"], 50000 <= j["checkpoint"]["only_here"]["unique"] < 55000')" "(2, 250000, True)"
  expect 0 stats 2:d; has "$out" '^checkpoint 2 [0-9a-f]{8}, d$'; has "$out" '^Only here: '
  expect 0 stats -q --by-checkpoint; same "$(awk '{print $5}' <<<"$out" | xargs)" "2 1"
  expect 0 stats -q --by-path --bytes; same "$(awk '{print $NF}' <<<"$out" | xargs)" "a d ."
  expect 0 stats --by-path -n 1 --json HEAD; same "$(json '[(p["path"], p["versions"], p["amount"]["logical"]) for p in j["by_path"]]')" "[('a', 1, 100000)]"
  expect 0 stats --by-path --depth 2 --json; same "$(json '"d/c" in [p["path"] for p in j["by_path"]]')" True
  expect 2 stats 2:nosuch; expect 12 stats 9; expect 2 stats --depth 2; expect 2 stats -n 2
}

@test "diff tells which bytes differ" {
  m init -q; head -c 300000 /dev/urandom | tr QXYZ qxyz >big; cp big old; m checkpoint -q -- big >/dev/null
  printf XYZ | dd of=big bs=1 seek=100000 conv=notrunc status=none; printf Q | dd of=big bs=1 seek=100010 conv=notrunc status=none
  wanted=$(cmp -l old big | awk '{print $1 - 1}' | xargs)
  for sides in HEAD 1..2; do
    expect 0 diff --ranges --json $sides -- big
    same "$(json '" ".join(str(o) for r in j["changes"][0]["ranges"] for o in range(r["offset"], r["offset"] + r["length"]))')" "$wanted"
    expect 0 diff --ranges=100 $sides -- big; has "$out" '^    offset 10000[0-2], (9|10|11) bytes$'
    m checkpoint -q -- big >/dev/null
  done
  expect 0 diff --json 1..2; same "$(json '"ranges" in j["changes"][0]')" False
  expect 2 diff --ranges --stat; expect 2 diff --ranges=x
}
