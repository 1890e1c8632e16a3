#!/usr/bin/env bats
# Long output on terminals goes through a pager. A pseudo terminal is lent by script(1).
load helpers

# on_terminal COMMAND: a command line for the shell, run where it sees a terminal; its output is in $out. Without colours, unless NO_COLOR is empty.
on_terminal() {
  code=0
  out=$(NO_COLOR=${NO_COLOR-1} TERM=xterm PATH=$(dirname "$METAMORI"):$PATH script -qec "$1" /dev/null </dev/null | tr -d '\r') || code=$?
}

@test "the pager is METAMORI_PAGER, the setting, PAGER, in this order" {
  two_checkpoints; m tag -q good
  export PAGER='sed s/^/pager:/'
  on_terminal 'metamori log --oneline'; has "$out" '^pager:2 '
  m config set -q --user pager 'sed s/^/setting:/'
  on_terminal 'metamori log --oneline'; has "$out" '^setting:2 '
  export METAMORI_PAGER='sed s/^/own:/'
  for command in 'log --oneline' 'show 2' 'ls' 'diff 1 2' 'find a' 'stats' 'help' 'log --help' 'tag' 'config list --all'; do
    on_terminal "metamori $command"; has "$out" '^own:'
  done
  METAMORI_PAGER= on_terminal 'metamori log --oneline'; has "$out" '^2 '
  METAMORI_PAGER=cat on_terminal 'metamori log --oneline'; has "$out" '^2 '
}

@test "less is told to end if all fits, and keeps what it is told" {
  two_checkpoints
  unset LESS; export PAGER='echo "LESS=$LESS"; cat'
  on_terminal 'metamori log --oneline'; has "$out" '^LESS=FRX$'
  LESS=S on_terminal 'metamori log --oneline'; has "$out" '^LESS=S$'
  command -v less >/dev/null || skip "less is missing"
  unset PAGER; on_terminal 'metamori log --oneline'; has "$out" '2 .* second'
}

@test "no pager without a terminal, for programs, and where nobody wants one" {
  two_checkpoints
  export METAMORI_PAGER='sed s/^/paged:/'
  expect 0 log --oneline; has "$out" '^2 '
  on_terminal 'metamori log --oneline --no-pager'; has "$out" '^2 '
  on_terminal 'metamori log --json'; has "$out" '^\{'
  on_terminal 'metamori status'; has "$out" '^since '
  on_terminal 'metamori cat HEAD:a'; has "$out" '^two'
}

@test "an error alone opens no pager" {
  m init -q
  export METAMORI_PAGER='touch opened; cat'
  on_terminal 'metamori log nosuch'; has "$out" 'metamori: error: '; [ ! -e opened ]
}

@test "a pager that leaves early is no failure to speak of, one that is missing is" {
  two_checkpoints
  METAMORI_PAGER='head -n 1' on_terminal 'metamori help; echo code $?'
  same "$(wc -l <<<"$out")" 2
  METAMORI_PAGER=nosuchpager on_terminal 'metamori log; echo code $?'
  has "$out" nosuchpager; has "$out" '^code 1$'
}

@test "colours and the interrupt key go with the pager" {
  two_checkpoints
  NO_COLOR= METAMORI_PAGER='cat -v' on_terminal 'metamori log --oneline'; has "$out" '\^\[\[33m2 '
  NO_COLOR=1 METAMORI_PAGER='cat -v' on_terminal 'metamori log --oneline'; has "$out" '^2 '
  METAMORI_PAGER="trap '' INT; cat >/dev/null; sleep 0.6; touch ended" python3 - <<'END'
import os, pty, signal, time
child, terminal = pty.fork()
if child == 0:
    os.execv(os.environ["METAMORI"], ["metamori", "help"])
time.sleep(0.4)
os.write(terminal, b"\x03")
_, status = os.waitpid(child, 0)
assert os.path.exists("ended"), "it ended before its pager"
assert os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGINT, status
END
}

@test "help is as wide as the terminal" {
  unset COLUMNS; export METAMORI_PAGER=
  on_terminal 'stty cols 60; metamori help checkpoint'; [ "$(wc -L <<<"$out")" -le 60 ]; [ "$(wc -L <<<"$out")" -gt 50 ]
  on_terminal 'stty cols 120; metamori help checkpoint'; [ "$(wc -L <<<"$out")" -gt 100 ]
  COLUMNS=40 expect 0 help log; [ "$(wc -L <<<"$out")" -le 40 ]
}
