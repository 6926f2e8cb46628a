#[auth_actix::public("everyone")]
async fn report() {}

fn main() {}
