#[derive(auth_actix::Role)]
enum Role {
    #[role(alias())]
    Admin,
}

fn main() {}
