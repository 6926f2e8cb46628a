#[derive(auth_actix::Role)]
enum Role { Admin, Editor, Viewer }

#[auth_actix::require_role("admin")]
struct Report;

fn main() {}
