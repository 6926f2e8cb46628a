#[auth_actix::require(credential("merchant-key"))]
async fn pay() {}

fn main() {}
