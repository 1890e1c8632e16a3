#!/usr/bin/env bats
# The everyday commands and their exit codes.
load helpers

@test "init makes a repository, once" {
  expect 0 init; has "$out" '^repository .*/tree/\.metamori for the tree .*/tree$'
  expect 16 init; has "$err" '^hint: '
  expect 0 init --exist-ok
  expect 0 init --json sub; same "$(json 'j["repository"]["path"].endswith("sub/.metamori")')" True
  expect 2 --repo x init
}

@test "init can keep the repository elsewhere" {
  expect 0 init --repo-dir "$BATS_TEST_TMPDIR/elsewhere"
  [ -f .metamori ]; printf x >a
  expect 0 checkpoint
  expect 0 -C "$BATS_TEST_TMPDIR" --repo elsewhere log --oneline; has "$out" '^1 '
}

@test "a checkpoint says what it cost; -q prints the id alone" {
  m init -q; printf hello >a
  expect 0 checkpoint -m first; has "$out" '^checkpoint 1 [0-9a-f]{8} \(main\): 1 file changed, .* new of 5 B, [0-9.]+ s$'; same "$err" ""
  printf more >>a
  expect 0 checkpoint -q; has "$out" '^[0-9a-f]{40}$'; same "$err" ""
}

@test "an unchanged tree can be skipped" {
  two_checkpoints
  expect 0 checkpoint --skip-if-unchanged --json; same "$(json 'j["created"], j["number"]')" "(False, 2)"
  expect 0 checkpoint --skip-if-unchanged; has "$out" '^nothing changed since checkpoint 2 '
  expect 0 checkpoint -q --skip-if-unchanged; has "$out" '^[0-9a-f]{40}$'
}

@test "a dry run publishes nothing" {
  two_checkpoints; printf x >c
  expect 0 checkpoint -n; has "$out" '^dry run: '
  expect 0 log --json; same "$(json 'len(j["checkpoints"])')" 2
}

@test "the checkpoint's JSON has the agreed members" {
  m init -q; printf hello >a
  expect 0 checkpoint --json
  json '[j[k] for k in "id number parents created files bytes_total bytes_read bytes_added line sha256 torn kept prefix live unreadable seconds".split()]'
  same "$(json 'j["files"], j["bytes_total"], j["line"], j["parents"], len(j["sha256"])')" "(1, 5, 'main', [], 64)"
}

@test "metadata, tags, author and batch job are noted" {
  m init -q; printf x >a
  SLURM_JOB_ID=77 SLURM_RESTART_COUNT=2 METAMORI_AUTHOR='Ada <ada@example.org>' m checkpoint -q --meta step=3 --tag good -m 'it: works' >/dev/null
  expect 0 log --json
  same "$(json 'j["checkpoints"][0]["meta"]')" "{'step': '3', 'Slurm-Job-Id': '77', 'Slurm-Restart-Count': '2'}"
  same "$(json 'j["checkpoints"][0]["tags"], j["checkpoints"][0]["author"]["email"], j["checkpoints"][0]["message"]')" "(['good'], 'ada@example.org', 'it: works')"
  expect 0 log --meta step=3 --oneline; has "$out" 'tag: good'
  expect 0 log --meta step=4 --oneline; same "$out" ""
  METAMORI_AUTHOR=nobody expect 2 checkpoint
}

@test "status tells what changed" {
  expect 10 status
  m init -q; expect 0 status; has "$out" '^no checkpoint yet'
  printf one >a; printf x >gone; m checkpoint -q >/dev/null
  printf three >a; rm gone; printf n >new
  expect 0 status --porcelain; same "$out" $'M a\nD gone\nA new'
  expect 0 status -z; same "$out" 'M a@D gone@A new@'
  expect 0 status --json
  same "$(json 'j["head"]["number"], [(c["path"], c["change"], c["size_before"], c["size_after"]) for c in j["changes"]]')" \
    "(1, [('a', 'modified', 3, 5), ('gone', 'removed', 1, None), ('new', 'added', None, 1)])"
}

@test "log lists newest first, and an empty repository is no error" {
  m init -q; expect 0 log; same "$out" ""; expect 0 log --json; same "$(json 'j["checkpoints"]')" "[]"
  rm -r .metamori; two_checkpoints
  expect 0 log --oneline; same "$(cut -d' ' -f1 <<<"$out" | xargs)" "2 1"; has "$out" '\(HEAD, main\) second'
  expect 0 log -n 1 --oneline; same "$(wc -l <<<"$out")" 1
  expect 0 log --oneline -- b; same "$(wc -l <<<"$out")" 1
  expect 0 log --stat; has "$out" ' b +\| '
  expect 0 log --until=yesterday; same "$out" ""
  expect 12 log nosuch
}

@test "show, ls and cat look into a checkpoint" {
  two_checkpoints; mkdir d; printf deep >d/f; m checkpoint -q >/dev/null
  expect 0 show 2; has "$out" '^SHA-256: [0-9a-f]{64}$'; has "$out" ' b +\| '
  expect 0 show --json; same "$(json 'j["number"], j["parent_numbers"], j["diff"]["added"] > 0')" "(3, [2], True)"
  expect 0 show HEAD:d/f; has "$out" '^Size: +4 B$'
  expect 0 ls; same "$out" $'a\nb\nd/'
  expect 0 ls -R HEAD; has "$out" '^d/f$'
  expect 0 ls HEAD:d; same "$out" f
  expect 0 ls -l HEAD:a; has "$out" '^-rw.* 3 B .* a$'
  expect 0 ls --json -R 3; same "$(json '[e["path"] for e in j["entries"]]')" "['a', 'b', 'd', 'd/f']"
  expect 0 cat 1:a; same "$out" one
  expect 0 cat 2:a --offset 1 --length 1; same "$out" w
  expect 0 cat 2:a --json; same "$(json 'j["content_b64"], j["length"]')" "('dHdv', 3)"
  cd d; expect 0 cat HEAD:./f; same "$out" deep; expect 0 cat HEAD:../a; same "$out" two
  expect 2 cat HEAD:nosuch; expect 12 cat 99:a
}

@test "diff compares, and --exit-code tells" {
  two_checkpoints
  expect 0 diff; same "$out" ""
  expect 0 diff --exit-code
  expect 4 diff --exit-code 1 2; same "$(wc -l <<<"$out")" 2
  expect 0 diff 1..2 --name-status; same "$out" $'M\ta\nA\tb'
  expect 0 diff 1..2 --name-status -z; same "$out" 'M@a@A@b@'
  expect 0 diff 1 2 --name-status -- b; same "$out" $'A\tb'
  expect 0 diff --stat 1; has "$out" '^ 1 added, 1 modified; '
  printf xx >a; expect 4 diff --exit-code --json; same "$(json '[c["path"] for c in j["changes"]], j["to"]')" "(['a'], None)"
  expect 12 diff a; has "$err" "^hint: 'a' is a path"
}

@test "restore brings back, tells how to undo, and undo undoes" {
  two_checkpoints
  expect 0 restore 1; has "$out" '^restored checkpoint 1 [0-9a-f]{8}: 1 written'; has "$err" "metamori undo"
  same "$(cat a)" one; same "$(cat b)" bee
  expect 0 undo; same "$(cat a)" two
  expect 0 undo; same "$(cat a)" one
  expect 0 restore 1 --delete; has "$out" '^remove +b$'; [ ! -e b ]
  expect 0 restore 2 b --json
  json '[j[k] for k in "id written removed unchanged bytes_written saved_as warnings".split()]'
  same "$(cat b)" bee; same "$(cat a)" one
}

@test "restore can look first, write elsewhere, and go unsaved" {
  two_checkpoints
  expect 0 restore 1 --delete -n; has "$out" '^remove +b$'; has "$out" '^dry run: '; same "$(cat a)" two
  expect 0 restore 1 --to "$BATS_TEST_TMPDIR/there"; same "$(cat "$BATS_TEST_TMPDIR/there/a")" one; same "$(cat a)" two
  printf unsaved >a
  expect 16 restore 1 --no-save; has "$err" '^hint: '; same "$(cat a)" unsaved
  expect 0 restore 1 --no-save --force; same "$(cat a)" one
  expect 12 restore 99
  expect 12 undo
}

@test "restore --if-exists is for the first run of a job" {
  m init -q
  expect 12 restore HEAD
  expect 0 restore HEAD --if-exists; has "$err" 'nothing restored'
  expect 0 restore HEAD --if-exists --json; same "$(json 'j["id"], j["written"]')" "(None, 0)"
}

@test "recover with nothing pending says so" {
  two_checkpoints
  expect 0 recover; has "$out" 'nothing to do'
  expect 0 recover --abort --json; same "$(json 'j["was_pending"]')" False
  expect 2 recover --abort --force
}

@test "tags name checkpoints" {
  two_checkpoints
  expect 0 tag good 1; has "$out" '^good is checkpoint 1 '
  expect 0 cat good:a; same "$out" one
  expect 0 tag; has "$out" '^good +1 '
  expect 16 tag good 2
  expect 0 tag --force good 2
  expect 0 tag --json; same "$(json '[(t["name"], t["number"]) for t in j["tags"]]')" "[('good', 2)]"
  expect 2 tag HEAD 1
  expect 0 tag -d good; expect 12 show good
}

@test "track and untrack keep rules" {
  m init -q
  expect 0 track --list; same "$out" ""
  expect 0 track '*.dat'; has "$err" 'only what the rules name'
  expect 0 untrack 'tmp*'; expect 0 track --list; same "$out" $'*.dat\n!tmp*'
  expect 0 track --list --json; same "$(json '[r["rule"] for r in j["rules"]]')" "['*.dat', '!tmp*']"
  touch x.dat tmp.dat y.txt; m checkpoint -q >/dev/null
  expect 0 ls; same "$out" x.dat
  expect 2 track
}

@test "verify finds damage" {
  two_checkpoints
  expect 0 verify; has "$out" '^sound: 2 checkpoints'
  expect 0 verify --data --json; same "$(json 'j["ok"], j["problems"]')" "(True, [])"
  expect 0 verify --data=50%
  pack=$(ls .metamori/packs/*.pack | head -1); chmod u+w "$pack"
  printf '\377' | dd of="$pack" bs=1 seek=100 conv=notrunc status=none
  expect 13 verify --data; has "$out" 'pack|chunk'
  expect 13 verify --data --json; same "$(json 'j["ok"], len(j["problems"]) > 0, "affects" in j["problems"][0]')" "(False, True, True)"
}

@test "a whole list of paths can be given, and an empty one is a mistake" {
  m init -q; printf 1 >a; printf 2 >b; printf 3 >c
  printf 'a\0b\0' >"$BATS_TEST_TMPDIR/list"
  expect 0 checkpoint --paths-from0 "$BATS_TEST_TMPDIR/list"
  expect 0 ls; same "$out" $'a\nb'
  printf c | m checkpoint -q --paths-from0 - >/dev/null; expect 0 ls; same "$out" $'a\nb\nc'
  expect 2 checkpoint --paths-from0 /dev/null
  expect 2 checkpoint ..
}

@test "unreadable files make exit 3 and are listed" {
  [ "$(id -u)" -ne 0 ] || skip "root reads everything"
  m init -q; printf x >a; printf y >b; chmod 0 b
  expect 3 checkpoint; has "$err" 'unreadable: b'
  chmod 600 b; printf yy >b; chmod 0 b
  expect 3 checkpoint --json; same "$(json '[p["path"] for p in j["unreadable"]]')" "['b']"
}

@test "progress is silent without a terminal, plain where asked" {
  m init -q; printf x >a
  expect 0 checkpoint; same "$err" ""
  expect 0 status --progress=plain
  expect 0 checkpoint --json-lines
  python3 -c 'import json,sys; l=[json.loads(x) for x in open(sys.argv[1])]; assert l[-1]["type"]=="checkpoint", l' "$BATS_TEST_TMPDIR/out"
}

@test "SIGUSR1 does no harm, SIGTERM is re-raised" {
  m init -q; head -c 300000000 /dev/urandom >big
  "$METAMORI" checkpoint --check=content --progress=none >"$BATS_TEST_TMPDIR/out" 2>"$BATS_TEST_TMPDIR/err" & pid=$!
  for _ in $(seq 1000); do  # until it catches signal 10
    caught=$(sed -n 's/^SigCgt:[[:space:]]*//p' /proc/$pid/status)
    if [ $(( 0x$caught >> 9 & 1 )) = 1 ]; then break; fi
    sleep 0.01
  done
  for _ in $(seq 100); do
    sleep 0.02; kill -USR1 $pid
    if [ -s "$BATS_TEST_TMPDIR/err" ]; then break; fi
  done
  kill -TERM $pid
  code=0; wait $pid || code=$?
  same "$code" 143; has "$(cat "$BATS_TEST_TMPDIR/err")" '^metamori: (scan|store|publish): '
  expect 0 log --json; [ "$(json 'len(j["checkpoints"])')" -le 1 ]
}
