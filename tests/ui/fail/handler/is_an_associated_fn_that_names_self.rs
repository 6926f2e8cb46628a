struct Reports;

impl Reports {
    #[auth_actix::require_auth]
    async fn list() -> Self {
        Self
    }
}

fn main() {}
