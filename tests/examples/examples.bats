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
here() { sed "s|/work/run7|$tree|g; s|/usr/bin/metamori|$bin/metamori|; s|^\( *su\) ada ada|\1 $(id -un) $(id -gn)|" "$examples/$1"; }

@test "scripts are clean" {
  command -v shellcheck >/dev/null || skip "shellcheck is missing"
  shellcheck -e SC2317 "$examples/slurm/job.sbatch"
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

@test "systemd: the units are sound, and the service is closed in" {
  command -v systemd-analyze >/dev/null || skip "systemd-analyze is missing"
  units=$BATS_TEST_TMPDIR/units
  mkdir "$units"
  here 'systemd/metamori-checkpoint@.service' >"$units/metamori-checkpoint@.service"
  cp "$examples/systemd/metamori-checkpoint@.timer" "$units"
  instance=$(systemd-escape --path "$tree")
  cp "$units/metamori-checkpoint@.service" "$units/metamori-checkpoint@$instance.service"
  cp "$units/metamori-checkpoint@.timer" "$units/metamori-checkpoint@$instance.timer"
  run systemd-analyze verify --man=no "$units/metamori-checkpoint@$instance.service" "$units/metamori-checkpoint@$instance.timer"
  same "$output" ""
  same "$status" 0
  # Exposure from 0 (none) to 100.
  run systemd-analyze security --offline=true --threshold=25 "$units/metamori-checkpoint@$instance.service"
  same "$status" 0
}

@test "systemd: the service's command runs, and its exit codes are those the unit knows" {
  metamori init -q
  echo state >state
  unit=$examples/systemd/metamori-checkpoint@.service
  command=$(sed -n 's|^ExecStart=/usr/bin/||p' "$unit")
  run sh -c "${command//%f/$tree}"
  same "$status" 0
  same "$(checkpoints)" "by timer"
  grep -qx 'SuccessExitStatus=3' "$unit"
}

# Names of the system calls in a systemd set, sets in it too.
calls_in() { systemd-analyze --no-pager syscall-filter "$1" | sed -n 's/^ \+\([@a-z].*\)/\1/p' | while read -r name; do
  case $name in @*) calls_in "$name" ;; *) echo "$name" ;; esac
done; }

@test "systemd: the service makes no system call that its filter forbids" {
  command -v systemd-analyze >/dev/null || skip "systemd-analyze is missing"
  strace -o /dev/null true 2>/dev/null || skip "strace can't be used"
  metamori init -q --shared
  for n in {1..50}; do head -c 20000 /dev/urandom >"file$n"; done
  strace -f -qq -o "$BATS_TEST_TMPDIR/calls" metamori -C "$tree" checkpoint -q --skip-if-unchanged -m "by timer"
  sed -n 's/^[0-9]* *\([a-z0-9_]*\)(.*/\1/p' "$BATS_TEST_TMPDIR/calls" | sort -u >used
  # As the unit says: the service's set, less the privileged ones, and those of @chown again.
  same "$(grep '^SystemCallFilter' "$examples/systemd/metamori-checkpoint@.service" | paste -sd' ')" \
    "SystemCallFilter=@system-service SystemCallFilter=~@privileged SystemCallFilter=@chown"
  { calls_in @system-service | grep -vxFf <(calls_in @privileged); calls_in @chown; } | sort -u >allowed
  [ "$(wc -l <used)" -gt 20 ]
  [ "$(wc -l <allowed)" -gt 200 ]
  same "$(comm -23 used allowed | xargs)" ""
  # /proc/sys is read, which ProcSubset=pid would hide.
  ! grep -q '^ProcSubset' "$examples/systemd/metamori-checkpoint@.service" || ! grep -q '"/proc/sys' "$BATS_TEST_TMPDIR/calls"
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
