#[derive(auth_actix::Role)]
enum Role {
    #[role(#[cfg(any())] implies(Editor))]
    Admin,
    Editor,
}

fn main() {}
