#[derive(auth_actix::Role)]
#[role(rename_all = snake_case)]
enum Role {
    Admin,
}

fn main() {}
