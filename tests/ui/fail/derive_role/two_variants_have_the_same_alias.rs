#[derive(auth_actix::Role)]
enum Role {
    #[role(alias("staff"))]
    Admin,
    #[role(alias("staff"))]
    Editor,
}

fn main() {}
