#[derive(auth_actix::Role)]
#[role(rename_all = "snake_case", rename_all = "kebab-case")]
enum Role {
    Admin,
}

fn main() {}
