#[auth_actix::require("hasRole('admin') || hasRole('editor')")]
async fn report() {}

fn main() {}
