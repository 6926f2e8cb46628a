#[derive(auth_actix::Role)]
#[role(crate = "guard")]
enum Role { Admin }

fn main() {}
