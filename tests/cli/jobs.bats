#!/usr/bin/env bats
# Checkpoints of jobs: beside other checkpoints, in batch systems, under `watch`.
load helpers

reasons() { m log --format='%(meta:Watch)' | sort -u | xargs; }

@test "watch runs a job, ends with its code, and takes a last checkpoint" {
  m init -q
  expect 7 watch -- sh -c 'echo out; echo err >&2; printf done >a; exit 7'
  same "$out" out; has "$err" '^err$'; has "$err" '^metamori: checkpoint 1 [0-9a-f]{8} \(main\): 1 file changed, .* \(exit 7\)'
  same "$(m cat HEAD:a)" done
  expect 0 log --format='%s|%(meta:Watch)'; same "$out" 'watch: exit 7|exit 7'
  expect 0 watch -q -- true; same "$err" ""  # nothing changed: no checkpoint
  expect 0 log --format=%#; same "$out" 1
  expect 0 watch -m 'my job' --meta step=9 -- sh -c 'printf x >b'
  expect 0 log -n 1 --format='%s|%(meta:step)'; same "$out" 'my job|9'
}

@test "watch takes checkpoints while the job runs" {
  m init -q
  expect 0 watch --every 200ms -- sh -c 'for i in 1 2 3 4 5 6 7 8 9 10 11 12; do echo $i >a; sleep 0.1; done'
  expect 0 log --meta Watch=periodic --format=%#; [ "$(wc -l <<<"$out")" -ge 2 ]
  same "$(m cat HEAD:a)" 12
}

@test "watch passes signals on, and its last checkpoint has what the job did about them" {
  m init -q
  for signal in TERM INT HUP USR1 USR2; do
    env --default-signal=INT "$METAMORI" watch -q -- bash -c "trap 'echo $signal >got; exit 3' $signal; touch ready; while :; do sleep 0.02; done" & pid=$!
    until [ -e ready ]; do sleep 0.02; done
    kill -s $signal $pid
    code=0; wait $pid || code=$?
    same "$signal $code" "$signal 3"; same "$(m cat HEAD:got)" $signal
    rm ready got
  done
  same "$(reasons)" "exit 3"
}

@test "a job that a signal ends makes 128 and its number" {
  m init -q; expect 143 watch -- sh -c 'printf x >a; kill -TERM $$'
  expect 0 log --format='%(meta:Watch)'; same "$out" 'signal 15'
  expect 137 watch -- sh -c 'kill -KILL $$'
}

@test "beside a job that does not end at SIGTERM a checkpoint is taken" {
  m init -q
  "$METAMORI" watch -q --grace 100ms -- bash -c 'trap "" TERM; echo 1 >a; touch ready; sleep 1.5; echo 2 >a' & pid=$!
  until [ -e ready ]; do sleep 0.02; done
  kill -TERM $pid; wait $pid
  expect 0 log --format='%(meta:Watch)'; same "$out" $'exit 0\nsignal'
  same "$(m cat HEAD~1:a) $(m cat HEAD:a)" "1 2"
}

@test "no checkpoint that fails harms the job" {
  m init -q
  expect 5 watch --every 100ms -- sh -c 'rm -r .metamori; sleep 0.5; printf x >a; exit 5'
  has "$err" 'warning: no checkpoint \(periodic\): '; has "$err" 'warning: no checkpoint \(exit 5\): '
  m init -q
  expect 0 watch --on-torn=fail --timeout 1ms --json -- sh -c 'head -c 50000000 /dev/zero | tr "\0" x >big'
  same "$(json 'j["exit_code"], j["checkpoints"], [f["kind"] for f in j["failures"]]')" "(0, [], ['timed_out'])"
}

@test "a job goes on where nobody can be told of its checkpoints" {
  m init -q; code=0
  m watch --every 50ms -- sh -c 'for i in 1 2 3 4 5 6; do echo $i >a; sleep 0.1; done; exit 5' 2>/dev/full || code=$?
  same "$code" 5; same "$(m cat HEAD:a)" 6
  { m watch --every 50ms -- sh -c 'for i in 1 2 3 4 5 6 7; do echo $i >a; sleep 0.1; done; exit 5' 2>&1 || echo $? >code; } | true
  same "$(cat code) $(m cat HEAD:a)" "5 7"
}

@test "a job is told when its terminal is gone" {
  m init -q
  python3 - "$METAMORI" <<'END'
import os, pty, sys, time
pid, terminal = pty.fork()
if pid == 0:
    os.execv(sys.argv[1], [sys.argv[1], "watch", "--", "bash", "-c", "trap 'echo gone >got; exit 3' HUP; touch ready; while :; do sleep 0.02; done"])
while not os.path.exists("ready"):
    time.sleep(0.02)
os.close(terminal)
_, status = os.waitpid(pid, 0)
assert os.waitstatus_to_exitcode(status) == 3, status
END
  same "$(m cat HEAD:got)" gone
}

@test "a key of the terminal reaches the job once" {
  m init -q
  python3 - "$METAMORI" <<'END'
import os, pty, sys, time
pid, terminal = pty.fork()
if pid == 0:
    os.execv(sys.argv[1], [sys.argv[1], "watch", "-q", "--", "bash", "-c", "trap 'echo int >>got' INT; touch ready; for i in $(seq 25); do sleep 0.02; done"])
while not os.path.exists("ready"):
    time.sleep(0.02)
os.write(terminal, b"\x03")
try:
    while os.read(terminal, 4096):
        pass
except OSError:
    pass
_, status = os.waitpid(pid, 0)
assert os.waitstatus_to_exitcode(status) == 0, status
END
  same "$(cat got)" int
}

@test "watch tells what it did as JSON, and what it can't start" {
  m init -q
  expect 3 watch --json -- sh -c 'printf x >a; exit 3'
  same "$(json 'j["exit_code"], j["signal"], [(c["number"], c["reason"]) for c in j["checkpoints"]], j["failures"]')" "(3, None, [(1, 'exit 3')], [])"
  expect 127 watch -- /no/such/program; has "$err" '/no/such/program: No such file'
  expect 126 watch -- "$BATS_TEST_TMPDIR"
  expect 127 watch --json -- nosuchprogram; same "$(json 'j["exit_code"], j["failures"][0]["kind"]')" "(127, 'io')"
  expect 2 watch; has "$err" "after '--'"
  expect 2 watch --every 0 -- true
  rm -r .metamori; expect 10 watch -- touch ran; [ ! -e ran ]
}

@test "a job gets its signals as it would have without watch" {
  m init -q
  expect 0 watch -- bash -c 'grep -E "^Sig(Blk|Ign)" /proc/self/status'
  for mask in $(grep -o '[0-9a-f]*$' <<<"$out"); do [ $((0x$mask & 0x7fffffff)) -eq 0 ]; done  # the C library's own come after these
}

@test "a checkpoint can be left to another that is being made" {
  m init -q; head -c 200000000 /dev/urandom >big
  "$METAMORI" checkpoint --check=content -q >"$BATS_TEST_TMPDIR/first" & pid=$!
  until [ -s .metamori/locks/checkpoint ]; do sleep 0.01; done
  expect 0 checkpoint --skip-if-running; same "$out" 'another checkpoint is being made: nothing done'
  expect 0 checkpoint --skip-if-running -q; same "$out" ""
  expect 0 checkpoint --skip-if-running --json; same "$(json 'j["created"], j["was_running"], j["id"]')" "(False, True, None)"
  wait $pid
  expect 0 checkpoint --skip-if-running --json; same "$(json 'j["created"], j["was_running"], j["number"]')" "(True, False, 2)"
}

@test "a checkpoint that takes too long publishes nothing, and the next is short" {
  m init -q; for i in $(seq 30); do head -c 10000000 /dev/urandom >big$i; done
  expect 1 checkpoint --timeout 500ms --rate-limit 100M; has "$err" '^metamori: error: '
  expect 0 log; same "$out" ""
  expect 0 checkpoint --json; [ "$(json 'j["bytes_added"]')" -lt 299000000 ]
}

@test "batch systems' jobs are noted" {
  m init -q; printf x >a
  PBS_JOBID=12.server LSB_JOBID=7 JOB_ID=3 SLURM_JOB_ID=$'1\n2' m checkpoint -q >/dev/null
  expect 0 log --json; same "$(json 'j["checkpoints"][0]["meta"]')" "{'Pbs-Job-Id': '12.server', 'Lsf-Job-Id': '7'}"
  SGE_ROOT=/opt/sge JOB_ID=3 SGE_TASK_ID=undefined RESTARTED=1 m checkpoint -q --meta Sge-Job-Id=mine >/dev/null
  expect 0 log --json -n 1; same "$(json 'j["checkpoints"][0]["meta"]')" "{'Sge-Job-Id': 'mine', 'Sge-Task-Id': 'undefined', 'Sge-Restarted': '1'}"
}
