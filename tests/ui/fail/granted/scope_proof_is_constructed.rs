#[derive(auth_actix::TokenScope)]
#[token_scope(proofs = "scoped")]
enum TokenScope {
    Read,
}

fn forge() -> auth_actix::Granted<scoped::Read> {
    auth_actix::Granted(std::marker::PhantomData)
}

fn main() {}
