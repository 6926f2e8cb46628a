#[derive(auth_actix::TokenScope)]
enum TokenScope {
    #[token_scope("read:reports")]
    ReadReports,
}

#[auth_actix::require_scope(TokenScope::ReadReport)]
async fn report() {}

fn main() {}
