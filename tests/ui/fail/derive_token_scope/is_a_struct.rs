#[derive(auth_actix::TokenScope)]
struct TokenScope;

fn main() {}
