#[auth_actix::require_auth]
fn report() -> &'static str {
    "up"
}

fn main() {}
