#[derive(auth_actix::Role)]
enum Role {
    #[role(implies("editor"))]
    Admin,
    Editor,
}

fn main() {}
