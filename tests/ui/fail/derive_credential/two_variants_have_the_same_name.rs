#[derive(auth_actix::Credential)]
enum Credential {
    MerchantKey,
    #[credential("merchant-key")]
    Key,
}

fn main() {}
