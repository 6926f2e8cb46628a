#[derive(auth_actix::Role)]
#[role(proofs = "proof")]
enum Role {
    #[role(implies(Editor))]
    Admin,
    Editor,
}

fn forge() -> auth_actix::Granted<proof::Admin> {
    Default::default()
}

fn main() {}
