#[derive(auth_actix::TokenScope)]
enum TokenScope {
    #[token_scope(alias(#[cfg(any())] "read:all"))]
    ReadReports,
}

fn main() {}
