#[derive(auth_actix::Credential)]
#[credential(proofs = "proof")]
enum Credential {
    MerchantKey,
}

fn main() {}
