#[derive(auth_actix::Credential)]
enum Credential { MerchantKey, PublishableKey }

#[auth_actix::require(credential("merchant-key", in = "org"))]
async fn pay() {}

fn main() {}
