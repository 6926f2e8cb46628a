#[derive(auth_actix::TokenScope)]
enum TokenScope {
    #[token_scope("read\\reports")]
    ReadReports,
}

fn main() {}
