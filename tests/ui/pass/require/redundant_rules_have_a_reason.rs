#![deny(warnings)]

#[derive(auth_actix::Role)]
enum Role {
    #[role(implies(Editor))]
    Admin,
    Editor,
}

#[auth_actix::require_role(any("admin", "editor"), redundant = "admins are named in the manual")]
async fn named() {}

#[auth_actix::require_auth(redundant = "said out loud")]
#[auth_actix::require_role("admin", not_found)]
async fn said() {}

// These rules are not redundant: no part implies another, or the compiler cannot compare the parts.
#[auth_actix::require(role("editor") && !role("admin"))]
async fn only_editors() {}

#[auth_actix::require((role("editor") && claim("org", "acme")) || (role("admin") && claim("org", "other")))]
async fn apart() {}

#[auth_actix::require((authenticated && check(1 + 1 == 2)) || (authenticated && check(1 + 1 == 2)))]
async fn checked() {}

fn main() {
    let _ = auth_actix::rule!(authenticated && role("admin"), redundant = "said out loud");
    let _ = (named, said, only_editors, apart, checked);
}
