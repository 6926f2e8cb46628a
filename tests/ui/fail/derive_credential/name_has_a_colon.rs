#[derive(auth_actix::Credential)]
enum Credential {
    #[credential("token:merchant-key")]
    MerchantKey,
}

fn main() {}
