#[derive(auth_actix::Permission)]
#[role(rename_all = "snake_case")]
enum Permission {
    PostsWrite,
}

fn main() {}
