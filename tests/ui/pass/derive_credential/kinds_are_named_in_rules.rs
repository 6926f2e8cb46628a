use auth_actix::{Credential, Tenant, require, rule};

#[derive(Clone, Copy, Debug, PartialEq, Credential)]
pub enum Credential {
    MerchantKey,
    #[credential("pk")]
    PublishableKey,
    #[credential("Badge")]
    Badge,
}

#[require(credential("merchant-key"))]
async fn one() {}

#[require(credential(Credential::PublishableKey) || credential("Badge"))]
async fn either() {}

#[require(credential(any("merchant-key", Credential::PublishableKey), in = (org, profile)))]
async fn within(_: Tenant) {}

#[require(credential("merchant-key") && scheme("api-key"))]
async fn by_scheme() {}

#[require(credential("merchant-key", in = org) && authenticated(in = (org, profile)))]
async fn member(_: Tenant) {}

mod shop {
    #[auth_actix::require(credential(super::Credential::MerchantKey))]
    pub async fn sell() {}
}

#[derive(auth_actix::Credential)]
#[credential(rename_all = "snake_case", strip_prefix = "Of")]
enum Eight {
    OfA,
    OfB,
    OfC,
    OfD,
    OfE,
    OfF,
    OfG,
    OfHAndI,
}

fn main() {
    let _ = rule!(credential("pk"));
    assert_eq!("pk".parse(), Ok(Credential::PublishableKey));
    assert_eq!(Credential::MerchantKey.as_ref(), "merchant-key");
    assert_eq!(Eight::NAMES.last(), Some(&"h_and_i"));
}
