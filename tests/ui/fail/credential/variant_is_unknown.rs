#[derive(auth_actix::Credential)]
enum Credential { MerchantKey, PublishableKey }

#[auth_actix::require(credential(Credential::AdminKey))]
async fn pay() {}

fn main() {}
