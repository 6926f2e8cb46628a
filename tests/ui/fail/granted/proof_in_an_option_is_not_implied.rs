use auth_actix::{Granted, Role, require_role};

#[derive(Role)]
#[role(proofs = "proof")]
enum Role { Admin, Editor }

#[require_role("editor")]
async fn report(_: Option<Granted<proof::Admin>>) {}

fn main() {}
