#!/usr/bin/env bash
# Measures the compile-time cost of guards. Compiles a library of one-line handlers, with a function that registers them, in three
# variants: bare, guarded (one role each), and with rules of several parts (two attributes, a hierarchy, a permission that a role
# grants, networks, freshness), which the macros have to compare. Also builds a release server with all handlers.
# Prints the CPU time of cargo (user and system, without incremental compilation): minimum and median, the ratio to the bare variant,
# and milliseconds per handler. Also prints the size of the server.
#   ./compile-time.sh [RUNS [HANDLERS]]      5 runs of 300 handlers by default
set -euo pipefail
runs=${1:-5} handlers=${2:-300}
root=$(cd "$(dirname "$0")/../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export CARGO_TARGET_DIR=$work/target CARGO_INCREMENTAL=0
TIMEFORMAT='%U %S'

# Creates the crate of a variant. All variants have the same dependencies.
crate() {
    local name=$1 config=$2 scope=$3 guards=("${@:4}")
    mkdir -p "$work/$name/src"
    cat >"$work/$name/Cargo.toml" <<-END
		[package]
		name = "$name"
		edition = "2024"
		[dependencies]
		actix-web = { version = "4.18", default-features = false, features = ["macros"] }
		auth-actix = { path = "$root/auth-actix" }
		[profile.release]
		strip = true
		[workspace]
	END
    cp "$root/Cargo.lock" "$work/$name/"
    {
        cat <<-END
			#[derive(auth_actix::Role)] pub enum Role { #[role(implies(Editor))] Admin, #[role(grants(Permission::Write))] Editor, Viewer }
			#[derive(auth_actix::Permission)] pub enum Permission { Write, Read }
		END
        for ((i = 0; i < handlers; i++)); do
            echo "${guards[i % ${#guards[@]}]} #[actix_web::get(\"/h$i\")] pub async fn h$i() -> &'static str { \"$i\" }"
        done
        echo "pub fn routes(config: &mut $config) {"
        for ((i = 0; i < handlers; i++)); do echo "    config.service(h$i);"; done
        echo '}'
    } >"$work/$name/src/lib.rs"
    cat >"$work/$name/src/main.rs" <<-END
		#[actix_web::main]
		async fn main() -> std::io::Result<()> {
		    let jwt = auth_actix::Jwt::hs256([7; 32]).issuer("https://id.example").audience("api");
		    let auth = auth_actix::Auth::builder().bearer(jwt).build()?;
		    let app = move || {
		        let _ = &auth;
		        actix_web::App::new().service($scope.configure($name::routes))
		    };
		    actix_web::HttpServer::new(app).bind(("127.0.0.1", 0))?.run().await
		}
	END
}
crate bare 'actix_web::web::ServiceConfig' 'actix_web::web::scope("/api")' ''
crate guarded "auth_actix::web::ServiceConfig<'_>" 'auth.scope("/api")' '#[auth_actix::require_role("admin")]'
crate rules "auth_actix::web::ServiceConfig<'_>" 'auth.scope("/api")' \
    '#[auth_actix::require(role("admin") || (role("viewer") && permission("read")))]' \
    '#[auth_actix::require_role("editor")] #[auth_actix::require(claim("org", "acme") || permission("read"))]' \
    '#[auth_actix::require_auth(max_age = "5m")] #[auth_actix::require(role("admin") || network("10.0.0.0/8", "192.168.0.0/16"))]' \
    '#[auth_actix::require(permission("write") && !role("viewer") && (claim("a", "b") || claim("c", "d")))]'

# Prints the CPU seconds of one run. Only the crate itself is compiled.
once() {
    local of=(--lib)
    [ "$1" = release ] && of=(--release)
    touch "$work/$2/src/lib.rs"
    { time cargo "${1/release/build}" "${of[@]}" --quiet --manifest-path "$work/$2/Cargo.toml" 2>"$work/log"; } 2>&1 |
        awk '{ print $1 + $2 }'
    if grep -q '^error' "$work/log"; then cat "$work/log" >&2; exit 1; fi
}

printf '%-16s%10s%10s%10s%12s\n' 'CPU s' least median 'x bare' 'ms/handler'
for step in check build release; do
    for name in bare guarded rules; do
        once "$step" "$name" >/dev/null # builds the dependencies
        : >"$work/$name.$step"
    done
    for ((run = 0; run < runs; run++)); do
        for name in bare guarded rules; do once "$step" "$name" >>"$work/$name.$step"; done
    done
    for name in bare guarded rules; do
        paste <(sort -n "$work/bare.$step") <(sort -n "$work/$name.$step") |
            awk -v what="$step $name" -v handlers="$handlers" '
                { bare[NR] = $1; own[NR] = $2 }
                END {
                    printf "%-16s%10.2f%10.2f%10.2f%12.2f\n", what, own[1], own[int((NR + 1) / 2)], own[1] / bare[1],
                        (own[1] - bare[1]) * 1000 / handlers
                }'
    done
done
printf '\n%-16s%14s%18s\n' 'a server' bytes 'bytes/handler'
bare=$(stat -c %s "$CARGO_TARGET_DIR/release/bare")
for name in bare guarded rules; do
    size=$(stat -c %s "$CARGO_TARGET_DIR/release/$name")
    printf '%-16s%14d%18d\n' "$name" "$size" $(((size - bare) / handlers))
done
