#[derive(auth_actix::TokenScope)]
enum TokenScope {}

fn main() {}
