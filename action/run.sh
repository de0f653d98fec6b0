#!/usr/bin/env bash
# Runs one command of ferry for a step of a workflow. FERRY_IN_NAME is the value of the flag --name, FERRY_LIST_NAME has one
# value of it a line. Nothing of them is read by the shell. What ferry says cannot command the runner: it does not listen
# meanwhile. Outputs, annotations and groups are written by "ferry ci" afterwards.
set -euo pipefail
ferry=${FERRY_BIN:?}
[ -z "${FERRY_INPUT_TOKEN:-}" ] || export FERRY_TOKEN=$FERRY_INPUT_TOKEN
unset FERRY_INPUT_TOKEN
[ -n "${FERRY_CA_BUNDLE:-}" ] || unset FERRY_CA_BUNDLE

read -ra args <<<"${FERRY_COMMAND:-advance}"
for word in "${args[@]}"; do
	[[ $word =~ ^[a-z][a-z-]*$ ]] || { printf 'ferry: command: %s is no command\n' "$word" >&2; exit 2; }
done
while IFS= read -r name; do
	flag=${name#FERRY_*_}
	flag=$(printf '%s' "$flag" | tr 'A-Z_' 'a-z-')
	value=${!name}
	case $name in
	FERRY_IN_*) [ -z "$value" ] || args+=("--$flag=$value") ;;
	FERRY_LIST_*)
		while IFS= read -r line; do
			line=${line%$'\r'}
			[ -z "$line" ] || args+=("--$flag=$line")
		done <<<"$value"
		;;
	esac
	unset "$name"
done < <(compgen -e | LC_ALL=C grep -E '^FERRY_(IN|LIST)_' | LC_ALL=C sort)

report=$(mktemp "${RUNNER_TEMP:-${TMPDIR:-/tmp}}/ferry-report.XXXXXX")
deaf=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
code=0
printf '::stop-commands::%s\n' "$deaf"
"$ferry" "${args[@]}" --output=json >"$report" || code=$?
printf '::%s::\n' "$deaf"
if [ -s "$report" ]; then
	"$ferry" ci --for github --report "$report"
fi
exit "$code"
