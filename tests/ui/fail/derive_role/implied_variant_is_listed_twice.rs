#[derive(auth_actix::Role)]
enum Role {
    #[role(implies(Editor, Editor))]
    Admin,
    Editor,
}

fn main() {}
