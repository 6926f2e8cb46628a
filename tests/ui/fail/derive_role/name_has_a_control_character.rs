#[derive(auth_actix::Role)]
enum Role {
    #[role("ad\u{7}min")]
    Admin,
}

fn main() {}
