#[derive(auth_actix::Role)]
enum Role {
    #[role(alias("root"u8))]
    Admin,
    Editor,
}

fn main() {}
