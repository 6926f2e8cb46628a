#[derive(auth_actix::Role)]
#[role(proofs = "proof")]
enum Role {
    #[role(implies(Editor))]
    Admin,
    Editor,
}

fn keep(proof: &auth_actix::Granted<proof::Admin>) -> auth_actix::Granted<proof::Admin> {
    proof.clone()
}

fn main() {}
