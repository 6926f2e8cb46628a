#[derive(auth_actix::TokenScope)]
enum TokenScope {
    #[scope("read:reports")]
    ReadReports,
}

fn main() {}
