use auth_actix::Tenant;

#[auth_actix::require_auth(in = org)]
async fn reports(tenant: Option<Tenant>) -> String {
    format!("{tenant:?}")
}

fn main() {}
