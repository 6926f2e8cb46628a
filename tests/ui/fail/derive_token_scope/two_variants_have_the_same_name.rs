#[derive(auth_actix::TokenScope)]
enum TokenScope {
    ReadReports,
    #[token_scope("read-reports")]
    ReportsRead,
}

fn main() {}
