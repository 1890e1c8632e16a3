#!/usr/bin/env bats
# What examples/ shows works, as far as its surroundings are there.

setup() {
  : "${METAMORI:?the program under test}" "${METAMORI_SOURCE:?}"
  unset METAMORI_DIR SLURM_JOB_ID SLURM_ARRAY_TASK_ID SLURM_RESTART_COUNT
  examples=$METAMORI_SOURCE/examples
  bin=$BATS_TEST_TMPDIR/bin
  tree=$BATS_TEST_TMPDIR/run7
  mkdir "$bin" "$tree"
  ln -s "$METAMORI" "$bin/metamori"
  export PATH="$bin:$PATH" LC_ALL=C.UTF-8
  cd "$tree" || return 1
}

same() { [ "$1" = "$2" ] || { printf 'got:      %s\nexpected: %s\n' "$1" "$2"; return 1; }; }
checkpoints() { metamori log --json | python3 -c 'import json, sys; print(*[c["message"] for c in json.load(sys.stdin)["checkpoints"]], sep="; ")'; }
# here FILE: the example, with the test's directory and user in place of its own.
here() { sed "s|/srv/run7|$tree|g; s|/usr/bin/metamori|$bin/metamori|; s|^\( *su\) ada ada|\1 $(id -un) $(id -gn)|" "$examples/$1"; }

@test "scripts are clean" {
  command -v shellcheck >/dev/null || skip "shellcheck is missing"
  shellcheck -e SC2317 "$examples/slurm/job.sbatch" "$examples/operations/backup-repository"
}

@test "cron: the commands run as cron runs them, and say nothing" {
  here cron/metamori >crontab
  # Environment lines, then five columns of time, the user, and the rest, in which cron takes % for a newline.
  run grep -cvE '^(#.*|[A-Z]+=\S+|(\S+ ){5}ada metamori [^%]*)$' crontab
  same "$output" 0
  metamori init -q
  echo state >state
  while read -r command; do
    run env -i PATH="$bin:/usr/bin:/bin" sh -c "$command"
    same "$status:$output" "0:"
  done < <(sed -n 's/^\(\S* \)\{5\}ada //p' crontab)
  same "$(checkpoints)" "by cron"
  echo damage >>.metamori/packs/"$(ls .metamori/packs)"
  run env -i PATH="$bin:/usr/bin:/bin" sh -c "$(sed -n 's/^\(\S* \)\{5\}ada \(.*verify.*\)/\2/p' crontab)"
  same "$status" 13
  [ -n "$output" ]
}

# unit NAME: its service and timer for this tree, where systemd would have them.
unit() {
  units=$BATS_TEST_TMPDIR/units
  mkdir -p "$units"
  instance=$(systemd-escape --path "$tree")
  service=$units/$1@$instance.service timer=$units/$1@$instance.timer
  here "systemd/$1@.service" | tee "$units/$1@.service" >"$service"
  tee "$units/$1@.timer" <"$examples/systemd/$1@.timer" >"$timer"
}
# commands NAME: what a service runs.
commands() { sed -n "s|^ExecStart=/usr/bin/|| p; s|%f|$tree|g" "$examples/systemd/$1@.service" | sed -n "s|%f|$tree|g; /^metamori/p"; }
# calls_in SET: names of the system calls in a systemd set, sets in it too.
calls_in() { systemd-analyze --no-pager syscall-filter "$1" | sed -n 's/^ \+\([@a-z].*\)/\1/p' | while read -r name; do
  case $name in @*) calls_in "$name" ;; *) echo "$name" ;; esac
done; }

@test "systemd: the units are sound, and the services are closed in" {
  command -v systemd-analyze >/dev/null || skip "systemd-analyze is missing"
  for name in metamori-checkpoint metamori-care; do
    unit $name
    run systemd-analyze verify --man=no "$service" "$timer"
    same "$output" ""
    same "$status" 0
    # Exposure from 0 (none) to 100.
    run systemd-analyze security --offline=true --threshold=25 "$service"
    same "$status" 0
  done
}

@test "systemd: the services' commands run, and their exit codes are those the units know" {
  metamori init -q
  echo state >state
  commands metamori-checkpoint | sh -e
  same "$(checkpoints)" "by timer"
  grep -qx 'SuccessExitStatus=3' "$examples/systemd/metamori-checkpoint@.service"
  same "$(commands metamori-care | wc -l)" 2
  metamori config set keep.last 1
  for n in {1..40}; do echo "$n" >state; metamori checkpoint -q -m "$n" >/dev/null; done
  commands metamori-care | sh -e
  same "$(checkpoints)" 40
  echo damage >>.metamori/packs/"$(ls .metamori/packs | head -n 1)"
  run sh -c "$(commands metamori-care | tail -n 1)"
  same "$status" 13
}

@test "systemd: the services make no system call that their filter forbids" {
  command -v systemd-analyze >/dev/null || skip "systemd-analyze is missing"
  strace -o /dev/null true 2>/dev/null || skip "strace can't be used"
  metamori init -q --shared
  for n in {1..50}; do head -c 20000 /dev/urandom >"file$n"; done
  for name in metamori-checkpoint metamori-care; do
    commands $name >commands
    strace -f -qq -o "$BATS_TEST_TMPDIR/calls" sh -e commands
    # Of the shell's own calls none is in the way: it is what runs the commands here.
    sed -n 's/^[0-9]* *\([a-z0-9_]*\)(.*/\1/p' "$BATS_TEST_TMPDIR/calls" | sort -u >used
    # As the unit says: the service's set, less the privileged ones, and those of @chown again.
    same "$(grep '^SystemCallFilter' "$examples/systemd/$name@.service" | paste -sd' ')" \
      "SystemCallFilter=@system-service SystemCallFilter=~@privileged SystemCallFilter=@chown"
    { calls_in @system-service | grep -vxFf <(calls_in @privileged); calls_in @chown; } | sort -u >allowed
    [ "$(wc -l <used)" -gt 20 ]
    [ "$(wc -l <allowed)" -gt 200 ]
    same "$(comm -23 used allowed | xargs)" ""
    # /proc/sys is read, which ProcSubset=pid would hide.
    ! grep -q '^ProcSubset' "$examples/systemd/$name@.service" || ! grep -q '"/proc/sys' "$BATS_TEST_TMPDIR/calls"
  done
}

# A program that counts to its argument, a line each tenth of a second, from where its file is.
counter() {
  cat >count <<'SCRIPT'
#!/bin/bash
for ((i = $(wc -l <numbers 2>/dev/null || echo 0) + 1; i <= $1; ++i)); do
  echo "$i" >>numbers
  sleep 0.1
done
SCRIPT
  chmod +x count
}
# Slurm's commands, as far as a job script calls them.
slurm() {
  printf '#!/bin/sh\nexec "$@"\n' >"$bin/srun"
  printf '#!/bin/sh\necho "$@" >>"%s"\n' "$BATS_TEST_TMPDIR/scontrol" >"$bin/scontrol"
  chmod +x "$bin/srun" "$bin/scontrol"
  export SLURM_JOB_ID=77 SLURM_SUBMIT_DIR=$tree
}
wait_for_line() { for _ in {1..200}; do grep -qx "$1" numbers 2>/dev/null && return; sleep 0.05; done; return 1; }

@test "slurm: a job that is killed goes on from its last checkpoint, and one whose time is up is queued again" {
  counter
  slurm
  CHECKPOINT_SECONDS=0.3 "$examples/slurm/job.sbatch" ./count 15 3>&- &
  script=$!
  wait_for_line 8
  kill -USR1 $script
  wait $script
  same "$(cat "$BATS_TEST_TMPDIR/scontrol")" "requeue 77"
  [[ "$(checkpoints)" == "time is up; running"* ]]
  reached=$(wc -l <numbers)
  [ "$reached" -lt 15 ]

  # The next node starts with whatever is there.
  echo nonsense >numbers
  SLURM_RESTART_COUNT=1 CHECKPOINT_SECONDS=60 "$examples/slurm/job.sbatch" ./count 15 3>&-
  same "$(cat numbers)" "$(seq 15)"
  [[ "$(checkpoints)" == "ended with 0; time is up; "* ]]
  same "$(metamori log -n 1 --json | python3 -c 'import json, sys; print(json.load(sys.stdin)["checkpoints"][0]["meta"]["Slurm-Restart-Count"])')" 1
}

@test "slurm: the program's failure is the job's, and is checkpointed" {
  slurm
  printf '#!/bin/sh\necho half >out\nexit 5\n' >fail
  chmod +x fail
  run "$examples/slurm/job.sbatch" ./fail
  same "$status" 5
  same "$(checkpoints)" "ended with 5"
}

@test "logrotate: what is rotated away can be had back" {
  command -v logrotate >/dev/null || [ -x /usr/sbin/logrotate ] || skip "logrotate is missing"
  metamori init -q
  seq 1000 >run.log
  here logrotate/metamori | sed 's/size 100M/size 1k/' >"$BATS_TEST_TMPDIR/logrotate.conf"
  chmod 600 "$BATS_TEST_TMPDIR/logrotate.conf"
  PATH=$PATH:/usr/sbin logrotate -s "$BATS_TEST_TMPDIR/logrotate.state" "$BATS_TEST_TMPDIR/logrotate.conf"
  [ ! -s run.log ]
  same "$(checkpoints)" "before rotating"
  same "$(metamori cat HEAD:run.log | tail -n 1)" 1000
}

@test "operations: a repository is copied while checkpoints are taken, and gc waits" {
  command -v rsync >/dev/null || skip "rsync is missing"
  metamori init -q
  head -c 300000 /dev/urandom >data
  metamori checkpoint -q >/dev/null
  run "$examples/operations/backup-repository" "$tree" "$BATS_TEST_TMPDIR/copy"
  same "$status" 2
  "$examples/operations/backup-repository" "$tree/.metamori" "$BATS_TEST_TMPDIR/copy"
  # A checkpoint and a gc come by while the packs are copied: one is in the copy or not, the other has to wait.
  cat >"$bin/rsync" <<SCRIPT
#!/bin/sh
echo more >>data
metamori checkpoint -q >/dev/null || echo "no checkpoint" >>"$BATS_TEST_TMPDIR/wrong"
metamori forget -q --keep-last 1 || echo "no forget" >>"$BATS_TEST_TMPDIR/wrong"
metamori gc -q 2>/dev/null
[ \$? -eq 11 ] || echo "gc did not wait" >>"$BATS_TEST_TMPDIR/wrong"
exec $(command -v rsync) "\$@"
SCRIPT
  chmod +x "$bin/rsync"
  hash -r
  "$examples/operations/backup-repository" .metamori "$BATS_TEST_TMPDIR/copy"
  [ ! -e "$BATS_TEST_TMPDIR/wrong" ] || { cat "$BATS_TEST_TMPDIR/wrong"; return 1; }
  metamori gc -q
  metamori --repo "$BATS_TEST_TMPDIR/copy" verify --data -q
  metamori --repo "$BATS_TEST_TMPDIR/copy" restore latest --to "$BATS_TEST_TMPDIR/there" -q
  cmp "$BATS_TEST_TMPDIR/there/data" <(head -c "$(stat -c %s "$BATS_TEST_TMPDIR/there/data")" data)
  # Once more, and what gc took away goes from the copy as well.
  rm "$bin/rsync"
  hash -r
  "$examples/operations/backup-repository" .metamori "$BATS_TEST_TMPDIR/copy"
  same "$(ls "$BATS_TEST_TMPDIR/copy/packs")" "$(ls .metamori/packs)"
  metamori --repo "$BATS_TEST_TMPDIR/copy" verify --data -q
}

@test "operations: monitoring tells of old checkpoints, damage, and a restore that was interrupted" {
  check=$examples/operations/check-metamori
  run "$check" "$tree"
  same "$status" 2
  [[ "$output" == "CRITICAL: no repository"* ]]
  metamori init -q
  run "$check" "$tree"
  same "$status" 2
  [[ "$output" == "CRITICAL: no checkpoint"* ]]
  echo state >state
  metamori checkpoint -q >/dev/null
  run "$check" "$tree"
  same "$status" 0
  [[ "$output" == "OK: checkpoint 1 is 0 min old"* ]]
  run "$check" "$tree" -1
  same "$status" 1
  [[ "$output" == "WARNING: "* ]]
  metamori checkpoint -q >/dev/null
  metamori checkpoint -q >/dev/null
  truncate -s 100 .metamori/checkpoints/3
  run "$check" "$tree"
  same "$status" 2
  [[ "$output" == "CRITICAL: .metamori/checkpoints/3 is damaged"* ]]
  cp -a "$METAMORI_SOURCE/tests/golden/unfinished/repository" "$BATS_TEST_TMPDIR/unfinished"
  mkdir "$BATS_TEST_TMPDIR/dead"
  mv "$BATS_TEST_TMPDIR/unfinished" "$BATS_TEST_TMPDIR/dead/.metamori"
  run "$check" "$BATS_TEST_TMPDIR/dead"
  same "$status" 2
  [[ "$output" == "CRITICAL: metamori: warning: an interrupted restore"* ]]
}
