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

#[auth_actix::require_auth(max_age = "5m")]
#[auth_actix::require(max_age("1h"))]
async fn report() {}

fn main() {}
