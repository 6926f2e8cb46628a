#[derive(auth_actix::Role)]
enum Role {
    #[role(implies())]
    Admin,
    Editor,
}

fn main() {}
