#[derive(auth_actix::TokenScope)]
enum TokenScope { Read }

#[auth_actix::require_scope("read", in = org)]
async fn report() {}

fn main() {}
