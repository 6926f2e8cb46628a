use actix_web::{App, get};
use auth_actix::{Auth, Permission, Principal, Role, require_permission, require_role};

#[derive(Permission)]
enum Permission {
    #[permission("posts:write")]
    PostsWrite,
    #[permission("posts:read", alias("read-posts"))]
    PostsRead,
}

/// Roles with the names of an older system.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Role)]
#[repr(u8)]
#[role(rename_all = "snake_case", strip_prefix = "ROLE_")]
enum Role {
    /// Has every role.
    #[role(implies(ContentEditor, Auditor), alias("root", "superuser"))]
    Admin = 7,
    #[role("editor", grants(Permission::PostsWrite, crate::Permission::PostsRead))]
    ContentEditor = 3,
    #[role(grants(Permission::PostsRead))]
    #[allow(dead_code)]
    Auditor,
    NightShift,
}

#[require_role("admin")]
#[get("/admin")]
async fn admin(user: Principal) -> String {
    user.has_role(Role::Auditor).to_string()
}

#[require_role("editor")]
#[get("/editor")]
async fn editor() -> &'static str {
    "editor"
}

#[require_role("night_shift")]
#[get("/night")]
async fn night() -> &'static str {
    "night"
}

#[require_permission("posts:read")]
#[get("/read")]
async fn read() -> &'static str {
    "read"
}

fn main() {
    let _ = |auth: &Auth| {
        App::new().service(auth.scope("/api").service(admin).service(editor).service(night).service(read));
    };
    assert_eq!((Role::Admin as u8, Role::ContentEditor as u8), (7, 3));
}
