#[derive(auth_actix::Role)]
enum Role {
    #[role(#[cfg(any())] "root")]
    Admin,
    Editor,
}

fn main() {}
