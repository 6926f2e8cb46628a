#[derive(auth_actix::Credential)]
enum Credential {
    #[role("snd")]
    MerchantKey,
}

fn main() {}
