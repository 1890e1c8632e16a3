# Completions of metamori for bash; with bash-completion and without.

_metamori() {
  local out kind line word text
  COMPREPLY=()
  out=$(metamori __complete --line="${COMP_LINE:0:COMP_POINT}" --breaks="${COMP_WORDBREAKS}" 2>/dev/null) || return 0
  kind=${out%%$'\n'*}
  case $kind in
    files | directories)
      if declare -F _filedir >/dev/null; then
        local cur=${COMP_WORDS[COMP_CWORD]}
        [ "$cur" != '=' ] || cur=
        if [ "$kind" = files ]; then _filedir; else _filedir -d; fi
      else
        compopt -o default
      fi
      return 0
      ;;
    program)
      local i
      for ((i = 1; i < COMP_CWORD; i++)); do
        [ "${COMP_WORDS[i]}" != -- ] || break
      done
      if declare -F _command_offset >/dev/null; then _command_offset $((i + 1)); else compopt -o default; fi
      return 0
      ;;
    paths) compopt -o filenames ;;
  esac
  # While the shell only lists, what each is may be told, too.
  local tells=
  [[ $kind != words || (${COMP_TYPE-} != 63 && ${COMP_TYPE-} != 33) ]] || tells=1
  local -a lines=()
  mapfile -t lines <<<"$out"
  local is_single=
  [ "${#lines[@]}" -ne 2 ] || is_single=1
  for line in "${lines[@]:1}"; do
    word=${line%%$'\t'*}
    text=${line#*$'\t'}
    [[ $word != *[/:=] ]] || compopt -o nospace
    if [ -n "$tells" ] && [ -z "$is_single" ] && [ -n "$text" ]; then word="$word  ($text)"; fi
    COMPREPLY+=("$word")
  done
}
complete -o nosort -F _metamori metamori
