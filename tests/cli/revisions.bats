#!/usr/bin/env bats
# How checkpoints are named: every form of metamori-revisions(7), and what is said of what names none.
load helpers

# Numbers 1 to 3 on main; 4 is the safety checkpoint of a restore of 1 and 5 its move; 6 starts the line main-6. 2 is good.
lines() {
  m init -q; mkdir d
  for i in 1 2 3; do echo $i >a; echo $i >d/f; m checkpoint -q -m "step $i: (text)" >/dev/null; done
  m tag -q good 2
  m restore 1 -q; echo 6 >a; m checkpoint -q -m branch >/dev/null
}

# is REVISION NUMBER
is() {
  expect 0 show --json "$1"
  same "$1: $(json 'j["number"]')" "$1: $2"
}

# fails REVISION MESSAGE HINT
fails() {
  expect 12 show "$1"
  has "$err" "^metamori: error: .*$2"
  has "$err" "^hint: .*$3"
}

@test "numbers, ids, HEAD, latest, lines, tags" {
  lines
  id=$(m log --format=%H -n 1 good)
  is 2 2; is '#2' 2; is "${id:0:8}" 2; is "${id:0:11}" 2; is "$id" 2; is "${id^^}" 2
  is HEAD 6; is @ 6; is latest 6; is main 3; is main-6 6; is good 2
}

@test "steps back" {
  lines
  is HEAD~ 1; is HEAD^ 1; is HEAD~1 1; is main~2 1; is main~1^ 1; is good~0 2; is '3~' 2; is 'HEAD^0' 6
  fails HEAD~2 'goes back beyond the first checkpoint' '#1 has none before it'
  fails HEAD^2 'checkpoint #6 has no parent 2' '~2 goes'
}

@test "times and earlier values" {
  lines
  is '@{0}' 6; is '@{1}' 1; is '@{2}' 3; is 'main@{1}' 2; is 'main-6@{0}' 6
  is '@{now}' 6; is '@{0 seconds ago}' 6; is 'main@{now}' 3; is '@{now}~1' 1; is "@{$(date -d '+1 hour' '+%Y-%m-%d %H:%M')}" 6
  fails '@{2 hours ago}' 'there was no checkpoint yet at that time' 'the first was at 20'
  fails '@{2001-01-01}' 'there was no checkpoint yet' 'the first was at'
  fails '@{nonsense}' 'not understood as a date' "2 hours ago"
  fails 'good@{1}' "there is no line 'good'" 'only HEAD and lines'
  fails '@{9}' 'has had only' '@{0}'
}

@test "the checkpoints that restores save" {
  lines
  is @undo 4
  fails @undo~1 'there are only 1 safety' 'metamori log --all'
  m restore -q 2; is @undo 7; is @undo~1 4
}

@test "by message" {
  lines
  is ':/step' 3; is ':/step 1' 1; is ':/(text)' 3; is ':/^branch' 6; is 'main^{/step [12]}' 2
  fails ':/nothing like it' 'no message contains' 'metamori log'
  fails ':/' 'nothing to look for' 'metamori-revisions'
}

@test "paths and ranges" {
  lines
  expect 0 cat good:d/f; same "$out" 2
  expect 0 cat 'main@{1}:d/f'; same "$out" 2
  cd d; expect 0 cat 3:./f; same "$out" 3; expect 0 cat 3:../a; same "$out" 3; expect 0 cat 3:a; same "$out" 3; cd ..
  expect 0 log --format=%# good..main; same "$out" 3
  expect 0 log --format=%# 1..; same "$out" 6
  expect 0 log --format=%# 'main^{/step 1|a..b}'; same "$out" 1
  expect 0 diff --name-status 1..good; same "$out" $'M\ta\nM\td/f'
  expect 0 diff --name-status ..main; same "$out" $'M\ta\nM\td/f'
  expect 2 diff 1...2; has "$err" 'two dots'
  fails 1..2 "1..2" 'metamori diff'
}

@test "what names nothing is told with what is near" {
  m init -q; fails HEAD 'no checkpoint yet' 'metamori checkpoint'
  rm -r .metamori; lines
  id=$(m log --format=%H -n 1 good)
  fails goood "there is no line, tag or checkpoint 'goood'" "did you mean 'good'"
  fails latst '' "did you mean 'latest'"
  fails "${id:0:7}" '' "ids need at least 8 digits: ${id:0:8}"
  fails 99 'no checkpoint with number 99' 'the highest number so far is 6'
  fails 5 'is a move of HEAD' 'metamori log'
  fails 0 'number 0' ''; fails 00000000 "starts with '00000000'" ''; fails '#x' '' ''
  fails '' 'an empty word' 'HEAD'; fails '~1' 'not a revision' 'metamori-revisions'; fails '@{' '' ''; fails 'HEAD~x' '' ''; fails $'a\tb' '' ''
}

@test "every command that takes a revision takes every form" {
  lines
  for revision in 2 good 'main~1' '@{3}' ':/step 2'; do
    for command in show ls log stats diff 'restore -n' 'tag --force x'; do
      # shellcheck disable=SC2086
      expect 0 $command "$revision"
    done
  done
}
