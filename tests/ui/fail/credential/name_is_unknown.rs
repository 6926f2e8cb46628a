#[derive(auth_actix::Credential)]
enum Credential { MerchantKey, PublishableKey }

#[auth_actix::require(credential("merchant-kye"))]
async fn pay() {}

fn main() {}
