#[derive(auth_actix::Permission)]
enum Permission {
    #[permission("posts:write")]
    PostsWrite,
}

#[auth_actix::require_permission("posts:write")]
#[auth_actix::require_permission("posts:write")]
async fn report() {}

fn main() {}
