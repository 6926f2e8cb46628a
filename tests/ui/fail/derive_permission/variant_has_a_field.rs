#[derive(auth_actix::Permission)]
enum Permission { PostsWrite(u8) }

fn main() {}
