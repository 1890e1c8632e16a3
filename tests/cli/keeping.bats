#!/usr/bin/env bats
# What is kept: forget, undo of it, pin, gc.
load helpers

# N checkpoints, each with 20 KB of its own.
some() {
  m init -q
  for i in $(seq "$1"); do
    head -c 20000 /dev/urandom >a
    m checkpoint -q -m "step $i" --meta step="$i" >/dev/null
  done
}

@test "forget by rules tells why for each, and undo takes it back" {
  some 6; m tag good 2; m pin -q 3
  expect 0 forget -n --keep-last 1 --keep-tag 'go*' --keep-meta step=5
  has "$out" '^keep +6 [0-9a-f]{8}  [^ ]+  HEAD, last$'; has "$out" '^keep +5 .*  meta step=5$'; has "$out" '^forget +4 .*  no rule keeps it$'
  has "$out" '^keep +3 .*  pinned$'; has "$out" '^keep +2 .*  tag good$'; has "$out" '^2 checkpoints would be forgotten, 4 kept in '; has "$out" '^gc would then free about [34]'
  expect 0 log --format=%#; same "$(xargs <<<"$out")" "6 5 4 3 2 1"
  expect 0 forget --keep-last 1 --keep-tag 'go*' --keep-meta step=5
  has "$out" '^2 checkpoints forgotten, 4 kept$'; has "$err" "^'metamori undo' takes this back until 'metamori gc'"
  expect 0 log --format=%#; same "$(xargs <<<"$out")" "6 5 3 2"
  expect 0 show 4; has "$out" 'forgotten'; has "$err" "'metamori undo' brings it back"
  expect 0 log --stat --oneline -n 1 5
  expect 0 undo -n; has "$out" '^back +4 '; expect 0 log --format=%# -n 3; same "$(xargs <<<"$out")" "6 5 3"
  expect 0 undo --json
  same "$(json 'j["type"], j["brought_back"], j["kept"], [c["number"] for c in j["checkpoints"]]')" "('undo', True, 2, [4, 1])"
  expect 0 log --format=%#; same "$(xargs <<<"$out")" "6 5 4 3 2 1"
  expect 0 undo; has "$out" '^forget +4 .*  forgotten before$'
  expect 0 verify
}

@test "forget by name, ranges, and what may not go" {
  some 5
  expect 0 forget --json 1..4
  same "$(json 'j["type"], j["dry_run"], j["forgotten"], j["bytes_kept"], [(c["number"], c["kept"], c["reasons"]) for c in j["checkpoints"]][0]')" \
    "('forget', False, 3, None, (4, False, ['named']))"
  expect 12 forget 2; has "$err" 'was forgotten already'
  expect 16 forget HEAD; has "$err" 'is HEAD'; has "$err" '\-\-force'
  expect 12 forget 1 nosuch; expect 0 log --format=%#; same "$(xargs <<<"$out")" "5 1"
  expect 2 forget; expect 2 forget 1 --thin
  m pin -q 1; expect 16 forget 1; has "$err" 'pin --remove 1'
  m pin -q --remove 1; expect 0 forget -q 1; same "$out" ""
  expect 16 forget 5; expect 0 forget -q --force 5
  head -c 10 /dev/zero >b; expect 0 checkpoint -q; expect 0 log --format=%#; same "$out" 6
  expect 0 verify
}

@test "pin lists, adds and removes" {
  some 3
  expect 0 pin; same "$out" ""
  expect 0 pin 1 2; has "$out" '^pinned: 1 [0-9a-f]{8} step 1$'
  expect 0 pin; has "$out" '^1 [0-9a-f]{8} step 1$'; has "$out" '^2 '
  expect 0 pin --json; same "$(json '[p["number"] for p in j["pinned"]]')" "[1, 2]"
  expect 0 pin --json 3; same "$(json 'j["created"][0]["number"]')" 3
  expect 0 pin --json --remove 3; same "$(json 'j["removed"][0]["number"]')" 3
  expect 12 pin --remove 3; expect 12 pin 99; expect 2 pin --remove
}

@test "gc gives the space back, for good" {
  some 12
  expect 0 forget -q --keep-last 2
  before=$(du -sb .metamori/packs | cut -f1)
  expect 0 gc -n; has "$out" 'would be freed'; has "$out" '^10 checkpoints would be gone for good$'
  expect 0 gc -n --json; freed=$(json 'j["bytes_freed"]'); [ "$freed" -gt 150000 ]
  expect 0 gc --json
  same "$(json 'j["type"], j["is_complete"], j["checkpoints_released"], j["bytes_in_trash"], j["generation"]')" "('gc', True, 10, 0, 1)"
  [ "$(du -sb .metamori/packs | cut -f1)" -lt $((before - 150000)) ]
  [ -z "$(ls .metamori/trash)" ]
  expect 0 verify --data
  expect 16 undo; has "$err" 'gc has released'
  expect 12 ls 3; has "$err" 'was forgotten, and its content is gone'
  expect 12 diff 3 12; expect 12 cat 3:a; expect 16 restore 3 --to "$BATS_TEST_TMPDIR/r"
  expect 0 show 3; expect 0 show 11; expect 0 log --stat; expect 0 log --all --oneline
  expect 0 restore 11 --to "$BATS_TEST_TMPDIR/r"
  head -c 20000 /dev/urandom >a; expect 0 checkpoint -q; expect 0 verify --data
  expect 0 gc --auto; has "$out" '^there is little to do yet$'
}

@test "a hundred checkpoints become few packs" {
  m init -q
  for i in $(seq 100); do echo "$i" >>log; m checkpoint -q >/dev/null; done
  expect 0 gc -q
  [ "$(ls .metamori/packs | wc -l)" -le 12 ]
  expect 0 verify --data
  expect 0 cat 50:log; same "$(tail -n 1 <<<"$out")" 50
}

@test "gc waits for nobody unless told to, and says who has the lock" {
  some 2
  exec 9>.metamori/locks/gc; flock -s 9
  expect 11 gc; has "$err" 'locked'
  exec 9>&-
  expect 0 gc
}

@test "a damaged record stops gc before anything is deleted" {
  some 4; m forget -q 1
  printf x | dd of=.metamori/checkpoints/2 bs=1 seek=100 conv=notrunc status=none
  expect 13 gc; [ "$(ls .metamori/packs | wc -l)" -eq 4 ]
}

@test "tags and metadata that are kept may be set, too" {
  some 5; m tag good-1 1; m tag good-2 2; m tag bad 3; echo 6 >a; m checkpoint -q --meta kind=final
  m config set keep.last 1; m config set keep.tag 'good-*  best'; m config set keep.meta kind=final
  echo 7 >a; m checkpoint -q
  expect 0 forget -q; same "$(m log --format=%# | xargs)" "7 6 2 1"
  expect 2 config set keep.meta kind; has "$err" 'K=V'
}

@test "rules may be set once, for forget, checkpoint --keep-policy and gc --auto" {
  some 5
  expect 2 forget; expect 2 checkpoint --keep-policy; has "$err" 'config set keep'
  m config set keep.last 2
  expect 0 forget -n; has "$out" '^3 checkpoints would be forgotten, 2 kept in '
  expect 0 forget -n --keep-last 4; has "$out" '^1 checkpoint would be forgotten, 4 kept in '
  expect 0 forget 1; same "$(m log --format=%# | xargs)" "5 4 3 2"
  echo new >a; expect 0 checkpoint --keep-policy --json; same "$(json 'j["created"], j["forgotten"]')" "(True, 3)"
  same "$(m log --format=%# | xargs)" "6 5"
  echo newer >a; expect 0 checkpoint -q
  expect 0 gc --auto -q; same "$(m log --format=%# | xargs)" "7 6"
}

@test "copy brings checkpoints to another repository, and only what is new" {
  some 3; m tag -q good 2
  expect 10 copy ../other; has "$err" 'no repository'; has "$err" "'metamori copy --init'"
  expect 0 copy --init ../other
  has "$out" '^copy +1 -> +1  [0-9a-f]{8}  .*  step 1$'; has "$out" '^3 checkpoints copied; [0-9]+ chunks, .* added$'
  ids=$(m log --format=%H); same "$(m -C ../other log --format=%H)" "$ids"
  same "$(m -C ../other tag | grep -o '^[a-z]*')" good
  cat a >expected; m -C ../other cat latest:a >found; cmp expected found
  expect 0 copy ../other; same "$out" "0 checkpoints copied, 3 there already; 0 chunks, 0 B added"
  head -c 20000 /dev/urandom >a; m checkpoint -q >/dev/null
  expect 0 copy -n --json ../other
  same "$(json 'j["dry_run"], j["copied"], [c["number_there"] for c in j["checkpoints"]], [c["found"] for c in j["checkpoints"]][2:]')" "(True, 1, [1, 2, 3, None], ['whole', 'nothing'])"
  expect 0 copy -q ../other; same "$out$err" ""
  expect 0 -C ../other verify --data; expect 0 verify
}

@test "copy --from takes, also from one that can only be read, and leaves HEAD and the tree alone" {
  some 2
  mkdir ../mine; printf mine >../mine/file
  m -C ../mine init -q; m -C ../mine checkpoint -q >/dev/null
  chmod -R a-w .metamori
  expect 0 -C ../mine copy --from "$tree" latest
  has "$out" '^copy +2 -> +3 '; has "$out" ', 1 known as ancestors alone; '
  chmod -R u+w .metamori
  same "$(m -C ../mine log --format=%#)" 1; same "$(cat ../mine/file)" mine
  expect 0 -C ../mine show 3; has "$out" '(main-2)'
  expect 0 -C ../mine restore -q latest --to ../back; cmp a ../back/a
  expect 2 copy --from --init ../mine; expect 2 copy "$tree"; has "$err" "can't be copied to itself"
  expect 12 copy ../mine nosuch
  expect 0 -C ../mine verify --data
}

@test "what the copy forgot stays forgotten, and tags that are taken stay behind" {
  some 3; m tag -q mine 1
  m copy -q --init ../other
  m -C ../other forget -q 2
  m -C ../other tag --force -q mine 3
  expect 0 copy ../other
  has "$out" '^forgotten +2 -> +2 '; has "$out" '^0 checkpoints copied, 2 there already'; has "$err" "the tag mine is another checkpoint's there"
  expect 0 copy --json ../other 2; same "$(json 'j["copied"], j["checkpoints"][0]["found"], j["tags_left"]')" "(1, 'forgotten', [])"
  same "$(m -C ../other log --format=%# | xargs)" "3 2 1"
}

@test "copy into a repository where a restore is pending is refused, until it is finished" {
  some 2
  m init -q ../other; : >../other/.metamori/restore/intent
  expect 16 copy ../other; has "$err" 'interrupted restore is pending'
  rm ../other/.metamori/restore/intent
  expect 0 copy ../other
}
