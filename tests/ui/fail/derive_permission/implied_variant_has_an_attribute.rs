#[derive(auth_actix::Permission)]
enum Permission {
    #[permission(implies(#[cfg(any())] PostsRead))]
    PostsWrite,
    PostsRead,
}

fn main() {}
