#[derive(auth_actix::Permission)]
enum Permission {
    PostsWrite,
    #[permission("posts-write")]
    WritePosts,
}

fn main() {}
