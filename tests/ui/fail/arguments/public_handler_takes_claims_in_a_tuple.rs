use auth_actix::public;

#[public]
async fn report(_: (String, auth_actix::Claims<u8>)) {}

fn main() {}
