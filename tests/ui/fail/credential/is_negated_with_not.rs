#[derive(auth_actix::Credential)]
enum Credential { MerchantKey, PublishableKey }

#[auth_actix::require(authenticated && not(credential("merchant-key")))]
async fn pay() {}

fn main() {}
