use auth_actix::Tenant;

#[auth_actix::require_auth]
async fn reports(tenant: Tenant) -> String {
    format!("{tenant:?}")
}

fn main() {}
