trait Reports {
    #[auth_actix::require_auth]
    fn list(&self) -> impl Future<Output = String>;
}

fn main() {}
