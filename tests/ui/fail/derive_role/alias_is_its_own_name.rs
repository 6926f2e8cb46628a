#[derive(auth_actix::Role)]
enum Role {
    #[role(alias("admin"))]
    Admin,
}

fn main() {}
