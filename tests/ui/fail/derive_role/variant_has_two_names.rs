#[derive(auth_actix::Role)]
enum Role {
    #[role("admin", "administrator")]
    Admin,
}

fn main() {}
