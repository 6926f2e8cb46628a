#[derive(auth_actix::Credential)]
enum Credential { MerchantKey, PublishableKey }

#[auth_actix::require(credential("merchant-key") || credential("merchant-key"))]
async fn pay() {}

fn main() {}
