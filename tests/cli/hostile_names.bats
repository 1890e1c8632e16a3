#!/usr/bin/env bats
# File names may hold any byte but NUL and slash.
load helpers

hostile() {
  m init -q
  names=($'new\nline' $'bad\xff' '-rf' 'a b' "it's" '$(x)' '[a,b]' '{}' '++' '%s' '~' $'esc\x1b[2J' 'ünï' ':/x' 'x:y' 'a..b')
  mkdir -p ':'
  for name in "${names[@]}"; do printf %s "$name" >"$name"; done
}

@test "every name is captured, listed and brought back" {
  hostile
  expect 0 checkpoint
  expect 0 ls -R -z; for name in "${names[@]}"; do [[ "@$out" == *"@$name@"* ]]; done
  rm -- "${names[@]}"
  expect 0 restore HEAD
  for name in "${names[@]}"; do same "$(cat -- "./$name")" "$name"; done
}

@test "every name can be given as a path" {
  hostile
  expect 0 checkpoint -- "${names[@]}"
  expect 0 ls; lines=$(wc -l <<<"$out"); same "$lines" "$((${#names[@]} - 1 + 1))"
  for name in "${names[@]}"; do
    printf changed >>"./$name"
    expect 4 diff --exit-code -- "$name"
    expect 0 restore HEAD -- "$name"
    same "$(cat -- "./$name")" "$name"
    expect 0 cat "HEAD:$name"
  done
}

@test "printed names are words of a shell, one a line" {
  hostile; m checkpoint -q >/dev/null
  expect 0 ls -R; [[ "$out" != *$'\x1b'* ]]
  count=0
  while IFS= read -r line; do eval "path=$line"; [ -e "./$path" ]; count=$((count + 1)); done <<<"$out"
  same "$count" "$(find . -mindepth 1 -not -path './.metamori*' -printf x | wc -c)"
}

@test "JSON holds names that are no UTF-8 as base64" {
  hostile
  expect 0 checkpoint --json; json 'j["files"]' >/dev/null
  expect 0 ls --json
  same "$(json '[e["path_b64"] for e in j["entries"] if "path_b64" in e]')" "['YmFk/w==']"
  printf x >$'bad\xff'
  expect 0 status --json; same "$(json '[c["path_b64"] for c in j["changes"]]')" "['YmFk/w==']"
  expect 0 status -z; same "$out" $'M bad\xff@'
}

@test "the locale changes how names look, never what is stored" {
  m init -q; printf x >ünï
  LC_ALL=C expect 0 checkpoint
  LC_ALL=C expect 0 ls; same "$out" "\$'\\303\\274n\\303\\257'"
  LC_ALL=C.UTF-8 expect 0 ls; same "$out" ünï
}
