#[derive(auth_actix::Role)]
enum Role {
    #[role(rename_all = "snake_case")]
    Admin,
}

fn main() {}
