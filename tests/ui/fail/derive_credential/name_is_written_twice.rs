#[derive(auth_actix::Credential)]
enum Credential {
    #[credential("merchant-key", "snd")]
    MerchantKey,
}

fn main() {}
