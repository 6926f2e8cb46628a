#[auth_actix::require(!acr("urn:example:silver"))]
async fn report() {}

fn main() {}
