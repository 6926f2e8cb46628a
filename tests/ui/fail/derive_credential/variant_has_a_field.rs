#[derive(auth_actix::Credential)]
enum Credential {
    MerchantKey(u32),
}

fn main() {}
