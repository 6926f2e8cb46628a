#[auth_actix::public]
struct Report;

fn main() {}
