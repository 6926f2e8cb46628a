#[derive(auth_actix::Role)]
enum Role {
    #[role(implies(Editor), "admin")]
    Admin,
    Editor,
}

fn main() {}
