//! A `cfg_attr` contains the whole helper attribute.
use auth_actix::{Role, require_role};

#[derive(Role)]
enum Role {
    #[cfg_attr(all(), role("root", implies(Editor)))]
    Admin,
    #[cfg_attr(any(), role("nobody"))]
    Editor,
}

#[require_role("root")]
async fn report() {}

fn main() {
    assert_eq!(Role::NAMES, ["root", "editor"]);
    let _ = (Role::Admin, Role::Editor, report);
}
