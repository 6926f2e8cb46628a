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

// What is not redundant: one does not imply the other, or the compiler does not understand it.
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
