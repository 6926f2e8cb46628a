#[derive(auth_actix::Permission)]
enum Permission {
    #[permission(aliass("write"))]
    PostsWrite,
}

fn main() {}
