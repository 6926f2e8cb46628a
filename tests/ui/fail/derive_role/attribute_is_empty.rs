#[derive(auth_actix::Role)]
enum Role {
    #[role]
    Admin,
}

fn main() {}
