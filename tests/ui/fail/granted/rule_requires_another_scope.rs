#[derive(auth_actix::TokenScope)]
#[token_scope(proofs = "scoped")]
enum TokenScope {
    #[token_scope("posts:read")]
    Read,
    #[token_scope("posts:write", implies(Read))]
    Write,
}

#[auth_actix::require_scope("posts:read")]
async fn write(_: auth_actix::Granted<scoped::Write>) {}

fn main() {}
