#[derive(auth_actix::Credential)]
enum Credential {
    A,
    B,
    C,
    D,
    E,
    F,
    G,
    H,
    Ninth,
}

fn main() {}
