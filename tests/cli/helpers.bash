# Shared by the suites: each test has a directory of its own, and a clean environment.

setup() {
  : "${METAMORI:?the program under test}"
  unset METAMORI_DIR METAMORI_AUTHOR NO_COLOR COLUMNS PAGER METAMORI_PAGER SLURM_JOB_ID SLURM_ARRAY_JOB_ID SLURM_ARRAY_TASK_ID SLURM_RESTART_COUNT PBS_JOBID LSB_JOBID SGE_ROOT
  export LC_ALL=C.UTF-8 TZ=UTC METAMORI_SYSTEM_CONFIG=/dev/null XDG_CONFIG_HOME=$BATS_TEST_TMPDIR/config
  tree=$BATS_TEST_TMPDIR/tree
  mkdir "$tree"
  cd "$tree" || return 1
}

# m ARGS: the program.
m() { "$METAMORI" "$@"; }

# expect CODE ARGS: runs the program; its words are in $out and $err, which must end with CODE.
expect() {
  local wanted=$1 code=0
  shift
  "$METAMORI" "$@" >"$BATS_TEST_TMPDIR/out" 2>"$BATS_TEST_TMPDIR/err" || code=$?
  out=$(tr '\0' '@' <"$BATS_TEST_TMPDIR/out")
  err=$(cat "$BATS_TEST_TMPDIR/err")
  if [ "$code" -ne "$wanted" ]; then
    printf 'metamori %s: exit %s, expected %s\n--- out\n%s\n--- err\n%s\n' "$*" "$code" "$wanted" "$out" "$err"
    return 1
  fi
}

# json EXPRESSION: value of a Python expression over `j`, the last command's object. Fails unless stdout is one JSON object on one line.
json() {
  python3 - "$BATS_TEST_TMPDIR/out" "$1" <<'END'
import json, sys
data = open(sys.argv[1], "rb").read()
assert data.endswith(b"\n") and data.count(b"\n") == 1, data
j = json.loads(data.decode("utf-8"))
assert j["schema"] == "metamori/1" and j["type"], j
print(eval(sys.argv[2]))
END
}

# has TEXT PATTERN: TEXT matches the extended regular expression.
has() { grep -qE -- "$2" <<<"$1" || { printf 'no match for /%s/ in:\n%s\n' "$2" "$1"; return 1; }; }
same() { [ "$1" = "$2" ] || { printf 'got:      %s\nexpected: %s\n' "$1" "$2"; return 1; }; }

# A tree with two checkpoints: 1 has a=one; 2 has a=two and b.
two_checkpoints() {
  m init -q
  printf one >a
  m checkpoint -q -m first >/dev/null
  printf two >a
  printf bee >b
  m checkpoint -q -m second >/dev/null
}
