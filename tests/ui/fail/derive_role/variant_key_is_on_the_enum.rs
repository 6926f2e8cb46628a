#[derive(auth_actix::Role)]
#[role(implies(Editor))]
enum Role {
    Admin,
    Editor,
}

fn main() {}
