#!/usr/bin/env bash
# What guards cost the compiler: a library of 300 one-line handlers, bare and guarded, and one that registers them. Prints CPU
# time of cargo (user and system) without incremental compilation, least and median, their ratio, and milliseconds a handler.
#   ./compile-time.sh [RUNS [HANDLERS]]      5 runs of 300 handlers unless said
set -euo pipefail
runs=${1:-5} handlers=${2:-300}
root=$(cd "$(dirname "$0")/../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export CARGO_TARGET_DIR=$work/target CARGO_INCREMENTAL=0
TIMEFORMAT='%U %S'

# A crate of either kind. Both depend on the same crates.
crate() {
    local name=$1 guard=$2 config=$3
    mkdir -p "$work/$name/src"
    cat >"$work/$name/Cargo.toml" <<-END
		[package]
		name = "$name"
		edition = "2024"
		[dependencies]
		actix-web = { version = "4.18", default-features = false, features = ["macros"] }
		auth-actix = { path = "$root/auth-actix" }
		[workspace]
	END
    cp "$root/Cargo.lock" "$work/$name/"
    {
        echo '#[derive(auth_actix::Role)] pub enum Role { Admin, Editor, Viewer }'
        for ((i = 0; i < handlers; i++)); do
            echo "$guard #[actix_web::get(\"/h$i\")] pub async fn h$i() -> &'static str { \"$i\" }"
        done
        echo "pub fn routes(config: &mut $config) {"
        for ((i = 0; i < handlers; i++)); do echo "    config.service(h$i);"; done
        echo '}'
    } >"$work/$name/src/lib.rs"
}
crate bare '' 'actix_web::web::ServiceConfig'
crate guarded '#[auth_actix::require_role("admin")]' "auth_actix::web::ServiceConfig<'_>"

# The CPU seconds of one run, the crate alone.
once() {
    touch "$work/$2/src/lib.rs"
    { time cargo "$1" --quiet --manifest-path "$work/$2/Cargo.toml" 2>"$work/log"; } 2>&1 |
        awk '{ print $1 + $2 }'
    if grep -q '^error' "$work/log"; then cat "$work/log" >&2; exit 1; fi
}

printf '%-8s%10s%10s%10s%10s%12s%12s\n' '' bare '' guarded '' ratio 'ms/handler'
printf '%-8s%10s%10s%10s%10s%12s%12s\n' 'CPU s' least median least median least least
for step in check build; do
    for name in bare guarded; do once "$step" "$name" >/dev/null; done # what they depend on, once
    : >"$work/bare.$step" && : >"$work/guarded.$step"
    for ((run = 0; run < runs; run++)); do
        for name in bare guarded; do once "$step" "$name" >>"$work/$name.$step"; done
    done
    paste <(sort -n "$work/bare.$step") <(sort -n "$work/guarded.$step") |
        awk -v step="$step" -v handlers="$handlers" '
            { bare[NR] = $1; guarded[NR] = $2 }
            END {
                middle = int((NR + 1) / 2)
                printf "%-8s%10.2f%10.2f%10.2f%10.2f%12.2f%12.2f\n", step, bare[1], bare[middle], guarded[1],
                    guarded[middle], guarded[1] / bare[1], (guarded[1] - bare[1]) * 1000 / handlers
            }'
done
