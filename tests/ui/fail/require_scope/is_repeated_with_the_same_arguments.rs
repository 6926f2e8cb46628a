#[derive(auth_actix::TokenScope)]
enum TokenScope {
    #[token_scope("read:reports")]
    ReadReports,
}

#[auth_actix::require_scope("read:reports")]
#[auth_actix::require_scope("read:reports")]
async fn report() {}

fn main() {}
