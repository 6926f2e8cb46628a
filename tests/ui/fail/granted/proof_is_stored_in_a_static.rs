#[derive(auth_actix::Role)]
#[role(proofs = "proof")]
enum Role {
    #[role(implies(Editor))]
    Admin,
    Editor,
}

static KEPT: std::sync::OnceLock<auth_actix::Granted<proof::Admin>> = std::sync::OnceLock::new();

fn main() {}
