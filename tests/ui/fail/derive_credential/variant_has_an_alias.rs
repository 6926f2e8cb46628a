#[derive(auth_actix::Credential)]
enum Credential {
    #[credential("merchant-key", alias("snd"))]
    MerchantKey,
}

fn main() {}
