#[derive(auth_actix::Permission)]
enum Permission {
    #[permission("posts:write")]
    PostsWrite,
}

#[auth_actix::require(permission("posts:writ"))]
async fn report() {}

fn main() {}
