use auth_actix::{Granted, Role, require_role};

#[derive(Role)]
#[role(proofs = "proof")]
enum Role { Admin, Editor }

#[require_role("editor")]
async fn report<T: actix_web::FromRequest + 'static>(_: (Granted<proof::Admin>, T)) {}

fn main() {}
