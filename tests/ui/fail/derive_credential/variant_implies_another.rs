#[derive(auth_actix::Credential)]
enum Credential {
    #[credential(implies(PublishableKey))]
    MerchantKey,
    PublishableKey,
}

fn main() {}
