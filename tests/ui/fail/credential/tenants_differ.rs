#[derive(auth_actix::Credential)]
enum Credential { MerchantKey, PublishableKey }

#[auth_actix::require(credential("merchant-key", in = org) || credential("publishable-key", in = (org, profile)))]
async fn pay(_tenant: auth_actix::Tenant) {}

fn main() {}
