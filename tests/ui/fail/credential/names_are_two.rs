#[derive(auth_actix::Credential)]
enum Credential { MerchantKey, PublishableKey }

#[auth_actix::require(credential("merchant-key", "publishable-key"))]
async fn pay() {}

fn main() {}
