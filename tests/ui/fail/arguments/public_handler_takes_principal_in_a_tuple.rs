use auth_actix::{Principal, public};

#[public]
async fn report(_: (Principal, String)) {}

fn main() {}
