#[derive(auth_actix::Role)]
#[role(#[cfg(any())] rename_all = "snake_case")]
enum Role { Admin }

fn main() {}
