#[auth_actix::require_auth]
async extern "C" fn report() {}

fn main() {}
