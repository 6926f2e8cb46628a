#[derive(auth_actix::Role)]
enum Role {
    #[role("admin ")]
    Admin,
}

fn main() {}
