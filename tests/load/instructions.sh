#!/usr/bin/env bash
# Instructions a request, for each case, from callgrind. Needs valgrind.
#   ./instructions.sh [TEXT...]      all cases, or those whose names contain one of the texts
#   ./instructions.sh --assert       the cases of instructions.txt, none of which may take more than stands there
# `over` is what the guard takes beyond the bare handler and the signature alone. Valgrind emulates no SHA instructions, so
# whatever hashes is overstated alike in every column; that cancels out in `over`.
set -euo pipefail
cd "$(dirname "$0")"
count=64
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
load=$(cargo build --release --locked --bin auth-load --message-format=json-render-diagnostics |
    sed -n 's/.*"executable":"\([^"]*auth-load\)".*/\1/p')

# The instructions of one run; nothing where this one has nothing to do in that case.
of() {
    valgrind --tool=callgrind --toggle-collect='*meter*collected*' --callgrind-out-file="$out/counts" \
        "$load" --callgrind "$1" "$2" "$count" >"$out/log" 2>&1 || { cat "$out/log" >&2; exit 1; }
    sed -n 's/^\(summary\|totals\): //p' "$out/counts" | awk -v n="$count" 'NR == 1 && $1 > 0 { printf "%.0f", $1 / n }'
}

# Measures one case and prints its row.
measure() {
    bare=$(of bare "$1") raw=$(of raw "$1") guarded=$(of guarded "$1")
    [[ $1 == remembered/* ]] && raw=0 # nothing is verified
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
