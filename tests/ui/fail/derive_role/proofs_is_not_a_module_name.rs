#[derive(auth_actix::Role)]
#[role(proofs = "my proofs")]
enum Role {
    Admin,
}

fn main() {}
