#[derive(auth_actix::Role)]
enum Role { Admin, Dev }

#[auth_actix::require_role(any("admin", #[cfg(any())] "dev"))]
async fn report() {}

fn main() {}
