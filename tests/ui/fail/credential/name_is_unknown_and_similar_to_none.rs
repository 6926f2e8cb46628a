#[derive(auth_actix::Credential)]
enum Credential { MerchantKey, PublishableKey }

#[auth_actix::require(credential("badge"))]
async fn pay() {}

fn main() {}
