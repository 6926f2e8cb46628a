#[derive(auth_actix::Credential)]
enum Credential {
    #[credential("merchant key")]
    MerchantKey,
}

fn main() {}
