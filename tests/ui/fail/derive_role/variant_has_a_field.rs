#[derive(auth_actix::Role)]
enum Role { Admin, Editor(u8) }

fn main() {}
