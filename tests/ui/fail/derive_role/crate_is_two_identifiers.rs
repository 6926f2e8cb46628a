#[derive(auth_actix::Role)]
#[role(rename_all = "snake_case", crate = a b)]
enum Role { Admin }

fn main() {}
