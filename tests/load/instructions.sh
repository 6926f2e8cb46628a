#!/usr/bin/env bash
# Prints the instructions per request for each case, counted by callgrind. Requires valgrind.
#   ./instructions.sh [TEXT...]      all cases, or those whose name contains one of the texts
#   ./instructions.sh --assert       the cases of instructions.txt. Fails if one exceeds its limit
# `over` is the excess of the guard over the bare handler and signature verification. Valgrind does not emulate SHA instructions, so
# hashing is overstated equally in each column. This cancels out in `over`.
set -euo pipefail
cd "$(dirname "$0")"
count=64
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
load=$(cargo build --release --locked --bin auth-load --message-format=json-render-diagnostics |
    sed -n 's/.*"executable":"\([^"]*auth-load\)".*/\1/p')

# Prints the instructions of one run, or nothing if there is nothing to measure in that case.
of() {
    valgrind --tool=callgrind --toggle-collect='*meter*collected*' --callgrind-out-file="$out/counts" \
        "$load" --callgrind "$1" "$2" "$count" >"$out/log" 2>&1 || { cat "$out/log" >&2; exit 1; }
    sed -n 's/^\(summary\|totals\): //p' "$out/counts" | awk -v n="$count" 'NR == 1 && $1 > 0 { printf "%.0f", $1 / n }'
}

# Measures one case.
measure() {
    bare=$(of bare "$1") raw=$(of raw "$1") guarded=$(of guarded "$1")
    [[ $1 == remembered/* ]] && raw=0 # no signature is verified
    over=$((guarded - ${bare:-0} - ${raw:-0}))
}

if [ "${1:-}" = --assert ]; then
    printf '%-42s%10s%10s\n' case over most
    failed=0
    while read -r most name; do
        measure "$name"
        printf '%-42s%10s%10s\n' "$name" "$over" "$most"
        ((over <= most)) || failed=1
    done < <(grep -v '^#' instructions.txt)
    exit "$failed"
fi

printf '%-42s%10s%10s%10s%10s%10s\n' case bare hand raw guarded over
"$load" --list | while read -r name; do
    wanted=$(($# == 0))
    for text; do [[ $name == *"$text"* ]] && wanted=1; done
    ((wanted)) || continue
    measure "$name"
    hand=$(of hand "$name")
    printf '%-42s%10s%10s%10s%10s%10s\n' "$name" "${bare:--}" "${hand:--}" "${raw:--}" "$guarded" "$over"
done
