#[derive(auth_actix::Credential)]
enum Credential { MerchantKey, PublishableKey }

#[auth_actix::require(credential(merchant_key))]
async fn pay() {}

fn main() {}
