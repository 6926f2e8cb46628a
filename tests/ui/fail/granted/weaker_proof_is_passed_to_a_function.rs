#[derive(auth_actix::Role)]
#[role(proofs = "proof")]
enum Role {
    #[role(implies(Editor))]
    Admin,
    Editor,
}

fn publish(_: &auth_actix::Granted<proof::Admin>) {}

#[auth_actix::require_role("editor")]
async fn report(editor: auth_actix::Granted<proof::Editor>) {
    publish(&editor)
}

fn main() {}
