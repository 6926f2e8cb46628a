#[derive(auth_actix::Role)]
struct Role;

fn main() {}
