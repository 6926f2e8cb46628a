#[auth_actix::require_auth]
const fn report() -> std::pin::Pin<Box<dyn Future<Output = ()>>> {
    panic!()
}

fn main() {}
