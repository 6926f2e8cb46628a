#[derive(auth_actix::Credential)]
enum Credential { MerchantKey, PublishableKey }

#[auth_actix::require(credential(Credential::MerchantKey) && credential(Credential::PublishableKey))]
async fn pay() {}

fn main() {}
