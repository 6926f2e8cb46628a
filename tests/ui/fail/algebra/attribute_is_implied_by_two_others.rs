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

#[auth_actix::require(role("admin") || claim("org", "acme"))]
#[auth_actix::require(role("admin") || claim("team", "blue"))]
#[auth_actix::require(role("admin") || (claim("org", "acme") && claim("team", "blue")) || claim("seat", "paid"))]
async fn report() {}

fn main() {}
