#[auth_actix::require_auth(acr = "urn:example:silver urn:example:gold")]
async fn report() {}

fn main() {}
