#[derive(auth_actix::Role)]
#[role(strip_prefix = "")]
enum Role {
    Admin,
}

fn main() {}
