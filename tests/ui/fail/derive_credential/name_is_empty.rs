#[derive(auth_actix::Credential)]
enum Credential {
    #[credential("")]
    MerchantKey,
}

fn main() {}
