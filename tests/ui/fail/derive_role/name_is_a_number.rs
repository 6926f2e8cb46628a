#[derive(auth_actix::Role)]
enum Role {
    #[role(1)]
    Admin,
}

fn main() {}
