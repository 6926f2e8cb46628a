#[derive(auth_actix::Permission)]
enum Permission {}

fn main() {}
