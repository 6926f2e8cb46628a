#[derive(auth_actix::Role)]
enum Role {
    #[role(implie(Editor))]
    Admin,
    Editor,
}

fn main() {}
