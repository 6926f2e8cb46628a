#[derive(serde::Deserialize)]
struct Mine { org: String }

#[auth_actix::public]
async fn report(_mine: auth_actix::Claims<Mine>) {}

fn main() {}
