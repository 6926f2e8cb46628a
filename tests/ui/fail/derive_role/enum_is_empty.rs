#[derive(auth_actix::Role)]
enum Role {}

fn main() {}
