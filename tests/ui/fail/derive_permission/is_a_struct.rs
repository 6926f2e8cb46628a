#[derive(auth_actix::Permission)]
struct Permission;

fn main() {}
