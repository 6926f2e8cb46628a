#[derive(auth_actix::Role)]
#[role(crate = 7)]
enum Role { Admin }

fn main() {}
