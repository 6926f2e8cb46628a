#[derive(auth_actix::Credential)]
enum Credential { MerchantKey, PublishableKey }

#[auth_actix::require(authenticated && credential("merchant-key"))]
async fn pay() {}

fn main() {}
