#[derive(auth_actix::TokenScope)]
enum TokenScope { LesenÜbersicht }

fn main() {}
