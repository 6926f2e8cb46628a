#[derive(auth_actix::Role)]
enum Role {
    #[role(implies(Admin))]
    Admin,
}

fn main() {}
