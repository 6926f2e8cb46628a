#[derive(auth_actix::TokenScope)]
enum TokenScope {
    #[token_scope(aliass("read"))]
    ReadReports,
}

fn main() {}
