#[derive(auth_actix::Role)]
enum Role {
    #[role(implies(Editor),, alias("root"))]
    Admin,
    Editor,
}

fn main() {}
