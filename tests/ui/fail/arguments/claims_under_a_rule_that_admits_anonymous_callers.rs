#[derive(auth_actix::Role)]
enum Role { Admin, Editor, Viewer }

#[derive(serde::Deserialize)]
struct Mine { org: String }

#[auth_actix::require(network("10.0.0.0/8") || role("admin"))]
async fn report(_mine: auth_actix::Claims<Mine>) {}

fn main() {}
