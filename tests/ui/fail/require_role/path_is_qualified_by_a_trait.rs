#[derive(auth_actix::Role)]
enum Role { Admin, Editor }

#[auth_actix::require_role(<Role as Named>::Admin)]
async fn report() {}

fn main() {}
