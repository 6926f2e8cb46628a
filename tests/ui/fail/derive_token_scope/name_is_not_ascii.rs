#[derive(auth_actix::TokenScope)]
enum TokenScope {
    #[token_scope("lesen:übersicht")]
    ReadReports,
}

fn main() {}
