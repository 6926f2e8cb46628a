#[derive(auth_actix::Role)]
enum Role<const TENANT: u32> { Admin, Editor }

fn main() {}
