struct Reports;

impl Reports {
    #[auth_actix::require_auth(max_age = "5m")]
    #[auth_actix::require_auth(acr = "high")]
    async fn report(&self) {}
}

fn main() {}
