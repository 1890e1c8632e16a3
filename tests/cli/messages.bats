#!/usr/bin/env bats
# Every message tells what to do next.
load helpers

# hint CODE ARGS: fails so, with one line of error and at least one of advice.
hint() {
  expect "$@"
  has "$err" '^metamori: error: .'
  has "$err" '^hint: .' || { echo "no hint: $*"; return 1; }
}

@test "wrong usage" {
  two_checkpoints
  hint 2; hint 2 nonsense; hint 2 log --nonsense; hint 2 log -n; hint 2 log -n many; hint 2 checkpoint --check=fast; hint 2 verify --data=0
  hint 2 log --since=never; hint 2 diff 1...2; hint 2 diff 1 2 3; hint 2 cat HEAD; hint 2 cat; hint 2 cat HEAD:nosuch; hint 2 cat HEAD:; hint 2 ls 1:nosuch
  hint 2 checkpoint ..; hint 2 checkpoint ''; hint 2 checkpoint --paths-from0 /dev/null; hint 2 checkpoint --meta nonsense; hint 2 checkpoint --tag HEAD
  hint 2 tag -d; hint 2 tag --force; hint 2 tag HEAD 1; hint 2 tag main 1; hint 2 track; hint 2 track ''; hint 2 untrack; hint 2 find; hint 2 find ''
  hint 2 recover --abort --force; hint 2 stats --depth 2; hint 2 watch; hint 2 watch -- ; hint 2 init --repo x; hint 2 log --format=%q
  hint 2 help nonsense; hint 2 completion tcsh; hint 2 config nonsense; hint 2 -c nonsense log; hint 2 --color=sometimes log
  hint 2 log -z; hint 2 log --oneline --format=%s; hint 2 diff -z; hint 2 diff --stat --name-status; hint 2 status --porcelain=v9; hint 2 log --quiet=yes
}

@test "what can't be done" {
  hint 10 status; hint 10 --repo nosuch log; hint 1 -C nosuch log
  two_checkpoints
  hint 12 show nosuch; hint 12 restore 99; hint 12 undo; hint 12 tag -d nosuch; hint 12 tag x 99; hint 12 diff a
  hint 16 init; m tag -q x 1; hint 16 tag x 2; printf w >a; hint 16 restore 1 --no-save
  hint 1 checkpoint --paths-from0 nosuch; hint 1 restore 1 --to /proc/nosuch
  METAMORI_AUTHOR=me hint 2 checkpoint
  mv .metamori/packs gone; hint 13 log; mv gone .metamori/packs
  sed -i 's/repository 1/repository 9/' .metamori/format; hint 14 log
  : >.metamori/format; hint 13 log
}
