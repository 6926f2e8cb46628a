#[auth_actix::require_scope("lesen:übersicht")]
async fn report() {}

fn main() {}
