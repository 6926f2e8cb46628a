#[derive(auth_actix::Role)]
enum Role {
    Admin,
    #[role(alias("admin"))]
    Editor,
}

fn main() {}
