#[auth_actix::require_auth]
async unsafe fn report() {}

fn main() {}
