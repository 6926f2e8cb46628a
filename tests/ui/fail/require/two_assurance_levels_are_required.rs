#[auth_actix::require(acr("gold") && acr("silver"))]
async fn report() {}

fn main() {}
