#[derive(auth_actix::Role)]
#[role(rename_all = "snake_case"u8)]
enum Role { Admin }

fn main() {}
