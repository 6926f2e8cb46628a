#[derive(auth_actix::Role)]
#[role(rename_all = "snek_case")]
enum Role {
    Admin,
}

fn main() {}
