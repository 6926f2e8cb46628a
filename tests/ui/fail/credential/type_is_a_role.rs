#[derive(auth_actix::Role)]
enum Credential { MerchantKey }

#[auth_actix::require(credential("merchant-key"))]
async fn pay() {}

fn main() {}
