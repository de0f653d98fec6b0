#compdef ferry
# ferry completion zsh > "${fpath[1]}/_ferry"
_ferry() {
  local -a all
  local line
  while IFS= read -r line; do
    all+=("${${line%%$'\t'*}//:/\\:}:${line#*$'\t'}")
  done < <(ferry complete -- "${(@)words[2,CURRENT]}" 2>/dev/null)
  if (( ${#all} )); then _describe ferry all; else _files; fi
}
if [ "$funcstack[1]" = _ferry ]; then _ferry "$@"; else compdef _ferry ferry; fi
