#[derive(auth_actix::Role)]
#[role(proofs = "proof")]
enum Role {
    #[role(implies(Editor))]
    Admin,
    Editor,
}

#[auth_actix::require_role("admin", in = org)]
async fn report(_proof: auth_actix::Granted<proof::Admin>) {}

fn main() {}
