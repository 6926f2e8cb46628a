#[derive(auth_actix::Role)]
#[role(rename_al = "snake_case")]
enum Role {
    Admin,
}

fn main() {}
