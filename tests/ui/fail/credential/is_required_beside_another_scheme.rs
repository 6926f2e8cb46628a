#[derive(auth_actix::Credential)]
enum Credential { MerchantKey, PublishableKey }

#[auth_actix::require(credential("merchant-key") && scheme("bearer"))]
async fn pay() {}

fn main() {}
