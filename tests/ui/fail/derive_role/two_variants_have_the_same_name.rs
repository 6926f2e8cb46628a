#[derive(auth_actix::Role)]
enum Role {
    Admin,
    #[role("admin")]
    Administrator,
}

fn main() {}
