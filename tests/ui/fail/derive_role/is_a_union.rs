#[derive(auth_actix::Role)]
union Role { admin: u8, editor: u8 }

fn main() {}
