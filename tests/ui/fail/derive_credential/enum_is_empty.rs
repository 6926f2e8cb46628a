#[derive(auth_actix::Credential)]
enum Credential {}

fn main() {}
