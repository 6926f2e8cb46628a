use auth_actix::{Granted, Role, require_role};

mod other {
    #[derive(auth_actix::Role)]
    #[role(proofs = "proof")]
    pub enum Role { Admin }
}

#[derive(Role)]
enum Role { Admin, Viewer }

#[require_role("admin")]
async fn report(_: Granted<other::proof::Admin>) {}

fn main() {}
