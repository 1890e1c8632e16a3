#!/usr/bin/env bats
# Completions, as the shells show them.
load helpers

history_to_complete() {
  m init -q
  mkdir -p 'my dir' res
  printf one >a; printf x >'my dir/file one'; printf r >res/u.bin; printf o >old
  m checkpoint -q -m 'step 1000' >/dev/null
  printf two >a; rm old; m checkpoint -q -m second --tag good >/dev/null
  rm res/u.bin
}

# complete WORDS: what `__complete` offers, words alone.
complete_words() { m __complete -- "$@" | tail -n +2 | cut -f1 | xargs; }

@test "revisions are offered with age and message" {
  history_to_complete
  same "$(complete_words restore '')" "HEAD latest good main 2 1"
  has "$(m __complete -- restore 1)" $'^1\t[0-9]+ seconds? ago: step 1000$'
  same "$(complete_words diff good..la)" good..latest
  same "$(complete_words restore HEAD~)" HEAD~1
  id=$(m log --format=%H -n 1)
  same "$(complete_words show "${id:0:5}")" "${id:0:8}"
  same "$(complete_words tag -d '')" good
}

@test "paths come from the tree and from checkpoints" {
  history_to_complete
  same "$(complete_words restore 1 res/)" res/u.bin
  same "$(complete_words restore 1 ol)" old; same "$(complete_words restore 2 ol)" ""
  same "$(m __complete -- cat HEAD:my | tail -n +2 | cut -f1)" "HEAD:my dir/"
  same "$(complete_words log -- res/)" res/u.bin
  touch new; same "$(complete_words checkpoint n)" new
  cd res; same "$(complete_words cat HEAD:./)" HEAD:./u.bin
  same "$(complete_words -C .. restore 1 a)" a
}

@test "without a repository, and with a damaged one, there is just less to offer" {
  same "$(complete_words restore '')" ""; same "$(complete_words rest)" restore
  history_to_complete; echo nonsense >.metamori/format; echo nonsense >.metamori/config
  expect 0 __complete -- restore ''; same "$out" words; same "$err" ""
}

@test "names that could drive a terminal are left out" {
  m init -q; touch $'b\x1bad' $'b\nad' bad; m checkpoint -q >/dev/null
  same "$(complete_words cat HEAD:b)" HEAD:bad
}

@test "completion prints the scripts that are installed" {
  for shell in bash zsh fish; do
    m completion "$shell" | cmp - "$METAMORI_SOURCE/completions/metamori.$shell"
    expect 0 completion --json "$shell"; same "$(json 'j["shell"]')" "$shell"
  done
  expect 2 completion bsah; has "$err" '^hint: did you mean bash\?$'
  expect 2 completion
}

# in_shell SHELL TEXT WORDS [TEXT WORDS]...: what each TEXT becomes at the tabulator key.
in_shell() {
  local shell=$1 texts=() words=()
  shift
  while [ $# -gt 0 ]; do texts+=("$1"); words+=("$2"); shift 2; done
  same "$("$METAMORI_SOURCE/tests/cli/complete_in" "$shell" "${texts[@]}")" "$(printf '%s\n' "${words[@]}")"
}

common_cases=(
  'metamori checkp' 'metamori|checkpoint'
  'metamori log --onel' 'metamori|log|--oneline'
  'metamori checkpoint --on-torn=k' 'metamori|checkpoint|--on-torn=keep-previous'
  'metamori cat HEAD:my\ dir/f' 'metamori|cat|HEAD:my dir/file one'
  'metamori restore 1 res/' 'metamori|restore|1|res/u.bin'
  'metamori watch -- tac res/' 'metamori|watch|--|tac|res/log'
)

@test "bash completes" {
  [ -r /usr/share/bash-completion/bash_completion ] || skip "bash-completion is missing"
  history_to_complete; touch res/log
  in_shell bash "${common_cases[@]}" 'metamori cat "HEAD:my dir/f' 'metamori|cat|HEAD:my dir/file one' \
    'metamori restore HEAD --to=my' 'metamori|restore|HEAD|--to=my dir/'
  has "$("$METAMORI_SOURCE/tests/cli/complete_in" --list bash 'metamori restore ')" '^HEAD +\([0-9]+ seconds? ago: second\)'
}

@test "bash completes without bash-completion" {
  history_to_complete; touch res/log
  export WITHOUT_BASH_COMPLETION=1
  in_shell bash "${common_cases[@]}"
}

@test "zsh completes" {
  command -v zsh >/dev/null || skip "zsh is missing"
  history_to_complete; touch res/log
  in_shell zsh "${common_cases[@]}"
  has "$("$METAMORI_SOURCE/tests/cli/complete_in" --list zsh 'metamori restore ')" '^1 +-- [0-9]+ seconds? ago: step 1000'
}

@test "fish completes" {
  command -v fish >/dev/null || skip "fish is missing"
  history_to_complete; touch res/log
  in_fish() { PATH=$(dirname "$METAMORI"):$PATH fish --no-config -c 'source $METAMORI_SOURCE/completions/metamori.fish; complete -C $argv' "$1" | cut -f1 | paste -sd'|'; }
  same "$(in_fish 'metamori checkp')" checkpoint
  same "$(in_fish 'metamori checkpoint --on-torn=')" '--on-torn=mark|--on-torn=keep-previous|--on-torn=fail'
  same "$(in_fish 'metamori cat HEAD:my\ dir/f')" 'HEAD:my dir/file one'
  same "$(in_fish 'metamori restore ')" 'HEAD|latest|good|main|2|1'
  same "$(in_fish 'metamori restore 1 res/')" res/u.bin
  same "$(in_fish 'metamori watch -- tac res/')" res/log
  same "$(in_fish 'metamori restore HEAD --to=re')" --to=res/
}
