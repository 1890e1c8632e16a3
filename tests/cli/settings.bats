#!/usr/bin/env bats
# Settings: where they come from, which one counts, what is refused.
load helpers

setup_settings() {
  export HOME=$BATS_TEST_TMPDIR/home XDG_CONFIG_HOME=$BATS_TEST_TMPDIR/xdg METAMORI_SYSTEM_CONFIG=$BATS_TEST_TMPDIR/system
  mkdir "$HOME"
  m init -q
}

@test "each place outdoes the ones before" {
  setup_settings
  value() { m config get checkpoint.retries "$@"; }
  same "$(value)" 3
  echo 'checkpoint.retries = 4' >"$METAMORI_SYSTEM_CONFIG"; same "$(value)" 4
  m config set -q --user checkpoint.retries 5; same "$(value)" 5
  m config set -q checkpoint.retries 6; same "$(value)" 6
  export METAMORI_CHECKPOINT_RETRIES=7; same "$(value)" 7
  same "$(value -c checkpoint.retries=8)" 8
  same "$(value --system)" 4; same "$(value --user)" 5; same "$(value --repository)" 6
  expect 0 config list --show-origin; has "$out" '^METAMORI_CHECKPOINT_RETRIES	checkpoint.retries = 7$'
  unset METAMORI_CHECKPOINT_RETRIES
  expect 0 config list --json; same "$(json '[(s["key"], s["value"], s["source"], s["origin"]["path"] if isinstance(s["origin"], dict) else s["origin"].rsplit("/", 1)[1]) for s in j["settings"]]')" \
    "[('checkpoint.retries', '6', 'repository', 'config:1')]"
  m config unset -q checkpoint.retries; m config unset -q --user checkpoint.retries; same "$(value)" 4
}

@test "without XDG_CONFIG_HOME your own are below HOME" {
  setup_settings; unset XDG_CONFIG_HOME
  expect 0 config set --user color never; has "$(cat "$HOME/.config/metamori/config")" '^color = never$'
  unset HOME; expect 2 config set --user color never; has "$err" '^hint: '
}

@test "your own that can't be read are none" {
  [ "$(id -u)" -ne 0 ] || command -v setpriv >/dev/null || skip "setpriv is missing"
  setup_settings; m config set -q --user jobs 3; chmod 700 "$XDG_CONFIG_HOME"
  chmod -R a+rX "$BATS_TEST_TMPDIR"; chmod 0 "$XDG_CONFIG_HOME"
  if [ "$(id -u)" -eq 0 ]; then
    chmod 755 "$(dirname "$METAMORI")"
    METAMORI_SYSTEM_CONFIG=/dev/null run setpriv --reuid=65534 --clear-groups "$METAMORI" config list
    chmod 700 "$XDG_CONFIG_HOME"; same "$status $output" "0 "
  else
    expect 0 config list; same "$out" ""; chmod 700 "$XDG_CONFIG_HOME"
  fi
}

@test "settings give defaults to options, and options count more" {
  setup_settings; printf hello >a
  m config set -q bytes true; m config set -q checkpoint.skip-if-unchanged yes
  expect 0 checkpoint; has "$out" ' new of 5 B'
  expect 0 checkpoint; has "$out" '^nothing changed'
  expect 0 checkpoint -c checkpoint.skip-if-unchanged=false; has "$out" '^checkpoint 2 '
  m config set -q color always; expect 0 log --oneline; has "$out" $'\x1b'
  expect 0 log --oneline --color=never; [[ "$out" != *$'\x1b'* ]]
  METAMORI_COLOR=never expect 0 log --oneline; [[ "$out" != *$'\x1b'* ]]
  m config set -q author 'Ada <ada@example.org>'; m checkpoint -q -c checkpoint.skip-if-unchanged=no >/dev/null
  expect 0 log -n 1 --json; same "$(json 'j["checkpoints"][0]["author"]["name"]')" Ada
  METAMORI_WATCH_EVERY=0 expect 2 watch -- true
}

@test "unknown keys and bad values are refused, wherever they stand" {
  setup_settings
  expect 2 config set jbos 4; has "$err" '^hint: did you mean jobs\?$'
  expect 2 config get nonsense; has "$err" "^hint: 'metamori config list --all'"
  expect 2 config set jobs many; has "$err" "jobs: many is not a number"
  expect 2 config set color alwys; has "$err" '^hint: did you mean always\?$'
  expect 2 -c jbos=4 log; has "$err" "-c: unknown setting jbos"
  expect 2 -c jobs log; has "$err" '^hint: write -c key=value'
  METAMORI_JOBS=many expect 2 log; has "$err" "METAMORI_JOBS: jobs: many is not"
  printf 'color = never\njbos = 4\n' >.metamori/config
  expect 2 log; has "$err" "/tree/.metamori/config:2: unknown setting jbos"
  expect 0 config unset jbos; expect 0 log
  echo 'nonsense' >.metamori/config; expect 2 log; has "$err" "config', line 1: "
  expect 0 help; expect 0 version; expect 0 -C / version
  printf 'x-other = 4\n' >.metamori/config; expect 0 log
}

@test "a repository may name no program" {
  setup_settings
  expect 16 config set pager 'rm -rf ~'; has "$err" '^hint: for yourself: metamori config set --user pager '
  echo 'pager = touch owned' >.metamori/config
  expect 16 log; has "$err" "a repository's own settings may not name a program: pager"; has "$err" '^hint: take it out with: metamori config unset --repository pager'
  [ ! -e owned ]
  expect 0 config unset --repository pager; expect 0 log
  mv .metamori/config other; ln -s ../other .metamori/config; expect 16 log; has "$err" 'is a symbolic link'
  expect 16 config set jobs 4; same "$(cat other)" ""; rm .metamori/config
  expect 0 config set --user pager 'less -S'; same "$(m config get pager)" 'less -S'
}

@test "sharing is the repository's alone" {
  setup_settings
  expect 2 config set --user core.shared group
  expect 2 -c core.shared=group log
  expect 0 config set core.shared group; expect 0 log
  printf '[core]\n\tshared = false\n' >.metamori/config; expect 0 log
  expect 2 config set core.shared true; has "$err" 'true is not group or no'
  m init -q --shared other; same "$(m -C other config get core.shared)" group
}

@test "what is set and what is not" {
  setup_settings
  expect 1 config get jobs; has "$err" 'jobs is not set'; has "$err" '^hint: metamori config set jobs N'
  same "$(m config get checkpoint.check)" auto
  expect 0 config list; same "$out" ""
  expect 0 config list --all --json; same "$(json 'len(j["settings"]) > 15, {s["source"] for s in j["settings"]}')" "(True, {'default'})"
  expect 0 config list --all; has "$out" '^jobs = *# Threads'
  expect 0 config set jobs 4; has "$err" '^jobs = 4 in '; same "$out" ""
  expect 0 config set jobs 4; has "$err" 'was so already'
  expect 0 config --json unset jobs; same "$(json 'j["key"], j["value"], j["changed"]')" "('jobs', None, True)"
  expect 0 config unset jobs; has "$err" 'was not set'
  expect 2 config set jobs; expect 2 config unset; expect 2 config lst; has "$err" 'did you mean list'
  expect 2 config list --user --system; expect 2 config get jobs --all
  cd "$BATS_TEST_TMPDIR"; expect 10 config set jobs 4; has "$err" '^hint: --user'; expect 10 config list --repository
}

@test "every setting is in the manual, and no other" {
  in_manual() { sed -n '/^\.Sh SETTINGS/,/^\.Sh FILES/s/^\.It Va //p' "$METAMORI_SOURCE/man/metamori-config.1" | xargs; }
  expect 0 config list --all --json; same "$(json '" ".join(sorted(s["key"] for s in j["settings"]))')" "$(in_manual | tr ' ' '\n' | LC_ALL=C sort | xargs)"
}
