#[derive(auth_actix::Role)]
#[role(proofs = "proof")]
enum Role {
    #[role(implies(Editor))]
    Admin,
    Editor,
}

#[auth_actix::require_role("editor")]
async fn report<T: Send + 'static>(_proof: auth_actix::Granted<proof::Admin>, _data: actix_web::web::Data<T>) {}

fn main() {}
