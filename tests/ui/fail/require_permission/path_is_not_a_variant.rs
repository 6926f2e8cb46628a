#[derive(auth_actix::Permission)]
enum Permission {
    #[permission("posts:write")]
    PostsWrite,
}

#[auth_actix::require_permission(Permission::PostsWrit)]
async fn report() {}

fn main() {}
