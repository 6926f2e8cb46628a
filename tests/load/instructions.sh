#!/usr/bin/env bash
# Instructions a request, for each case, from callgrind. Needs valgrind.
#   ./instructions.sh [TEXT...]      all cases, or those whose names contain one of the texts
# `over` is what the guard takes beyond the bare handler and the signature alone. Valgrind emulates no SHA instructions, so
# whatever hashes is overstated alike in every column; that cancels out in `over`.
set -euo pipefail
cd "$(dirname "$0")"
count=64
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
load=$(cargo build --release --bin auth-load --message-format=json-render-diagnostics |
    sed -n 's/.*"executable":"\([^"]*auth-load\)".*/\1/p')

# The instructions of one run; nothing where this one has nothing to do in that case.
of() {
    valgrind --tool=callgrind --toggle-collect='*meter*collected*' --callgrind-out-file="$out/counts" \
        "$load" --callgrind "$1" "$2" "$count" >"$out/log" 2>&1 || { cat "$out/log" >&2; exit 1; }
    sed -n 's/^\(summary\|totals\): //p' "$out/counts" | awk -v n="$count" 'NR == 1 && $1 > 0 { printf "%.0f", $1 / n }'
}

printf '%-42s%10s%10s%10s%10s%10s\n' case bare hand raw guarded over
"$load" --list | while read -r name; do
    wanted=$(($# == 0))
    for text; do [[ $name == *"$text"* ]] && wanted=1; done
    ((wanted)) || continue
    bare=$(of bare "$name") hand=$(of hand "$name") raw=$(of raw "$name") guarded=$(of guarded "$name")
    printf '%-42s%10s%10s%10s%10s%10s\n' "$name" "${bare:--}" "${hand:--}" "${raw:--}" "$guarded" \
        $((guarded - ${bare:-0} - ${raw:-0}))
done
