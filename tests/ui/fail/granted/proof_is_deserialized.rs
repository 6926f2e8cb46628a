#[derive(auth_actix::Role)]
#[role(proofs = "proof")]
enum Role {
    #[role(implies(Editor))]
    Admin,
    Editor,
}

fn forge(text: &str) -> auth_actix::Granted<proof::Admin> {
    serde_json::from_str(text).unwrap()
}

fn main() {}
