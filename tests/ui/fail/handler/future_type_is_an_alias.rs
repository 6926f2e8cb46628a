type Answer = std::pin::Pin<Box<dyn Future<Output = String>>>;

#[auth_actix::require_auth]
fn report() -> Answer {
    Box::pin(async { String::new() })
}

fn main() {}
