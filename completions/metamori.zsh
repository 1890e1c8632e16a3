#compdef metamori
# Completions of metamori for zsh.

_metamori() {
  local out kind line word text
  local -a words_before lines open_words open_texts whole_words whole_texts
  words_before=("${(@Q)words[2,CURRENT]}")
  words_before[-1]="${(Q)PREFIX}"
  out=$(_call_program candidates metamori __complete -- ${(q)words_before} 2>/dev/null)
  lines=("${(@f)out}")
  kind=$lines[1]
  case $kind in
    (files) _files; return ;;
    (directories) _files -/; return ;;
    (program)
      local dashes=${words[(i)--]}
      shift $dashes words
      (( CURRENT -= dashes ))
      _normal
      return
      ;;
  esac
  for line in "${(@)lines[2,-1]}"; do
    word=${line%%$'\t'*}
    text=${line#*$'\t'}
    [[ -n $text ]] && text="$word  -- $text" || text=$word
    if [[ $word == *[/:=] ]]; then
      open_words+=("$word") open_texts+=("$text")
    else
      whole_words+=("$word") whole_texts+=("$text")
    fi
  done
  local -a layout
  [[ $kind == paths ]] && layout=(-f) || layout=(-l)
  local result=1
  (( $#open_words )) && compadd -V metamori $layout -S '' -d open_texts -a open_words && result=0
  (( $#whole_words )) && compadd -V metamori $layout -d whole_texts -a whole_words && result=0
  return result
}

if [[ $funcstack[1] == _metamori ]]; then
  _metamori "$@"
else
  compdef _metamori metamori
fi
