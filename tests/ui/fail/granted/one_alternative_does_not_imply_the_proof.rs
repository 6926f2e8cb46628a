#[derive(auth_actix::Role)]
#[role(proofs = "proof")]
enum Role {
    #[role(implies(Editor))]
    Admin,
    Editor,
}

#[auth_actix::require(role("admin") || claim("org", "acme"))]
async fn report(_proof: auth_actix::Granted<proof::Editor>) {}

fn main() {}
