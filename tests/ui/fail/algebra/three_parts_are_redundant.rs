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

#[auth_actix::require((role("admin") || role("editor")) && (permission("posts:write") || permission("posts:read")))]
async fn report() {}

fn main() {}
