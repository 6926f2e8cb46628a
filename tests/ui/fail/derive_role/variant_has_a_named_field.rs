#[derive(auth_actix::Role)]
enum Role { Admin, Editor { level: u8 } }

fn main() {}
