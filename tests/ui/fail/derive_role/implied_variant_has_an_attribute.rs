#[derive(auth_actix::Role)]
enum Role {
    #[role(implies(#[cfg(any())] Editor))]
    Admin,
    Editor,
}

fn main() {}
