#[derive(auth_actix::Role)]
enum Role { Admin, Editor, Viewer }

#[auth_actix::require(claim("org", "acme") && role(any("admin", "editr")))]
async fn report() {}

fn main() {}
