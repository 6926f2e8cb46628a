#[derive(auth_actix::Role)]
enum Role {
    #[role(alias(#[cfg(any())] "root"))]
    Admin,
    Editor,
}

fn main() {}
