#![deny(dead_code)]

#[auth_actix::require_auth]
async fn report() {}

fn main() {}
