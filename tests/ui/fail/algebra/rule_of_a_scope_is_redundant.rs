#[derive(auth_actix::Role)]
enum Role {
    #[role(implies(Editor))]
    Admin,
    #[role(grants(Permission::PostsWrite))]
    Editor,
}
#[derive(auth_actix::Permission)]
enum Permission {
    #[permission("posts:read")]
    PostsRead,
    #[permission("posts:write", implies(PostsRead))]
    PostsWrite,
}

fn rule() -> &'static auth_actix::Rule {
    auth_actix::rule!(authenticated && role("admin"))
}

fn main() {}
