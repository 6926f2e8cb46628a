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

#[auth_actix::require(authenticated && (network("10.0.0.0/8", "::1") || network("10.1.0.0/16")))]
async fn report() {}

fn main() {}
