#[derive(auth_actix::Role)]
enum Role {
    #[role("root"u8)]
    Admin,
    Editor,
}

fn main() {}
