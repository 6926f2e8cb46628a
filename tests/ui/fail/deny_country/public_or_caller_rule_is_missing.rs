#[auth_actix::deny_country("KP")]
async fn report() {}

fn main() {}
