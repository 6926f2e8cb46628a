#[derive(auth_actix::TokenScope)]
enum TokenScope { ReadReports(u8) }

fn main() {}
