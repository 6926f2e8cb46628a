#[derive(auth_actix::Credential)]
struct Credential;

fn main() {}
