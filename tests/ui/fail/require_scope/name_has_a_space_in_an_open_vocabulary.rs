type TokenScope = auth_actix::open::TokenScope;

#[auth_actix::require_scope("read reports")]
async fn report() {}

fn main() {}
