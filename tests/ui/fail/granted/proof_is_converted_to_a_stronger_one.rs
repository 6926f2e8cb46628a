#[derive(auth_actix::Role)]
#[role(proofs = "proof")]
enum Role {
    #[role(implies(Editor))]
    Admin,
    Editor,
}

fn forge(editor: &auth_actix::Granted<proof::Editor>) -> &auth_actix::Granted<proof::Admin> {
    editor.weaker()
}

fn main() {}
