use auth_actix::{Role, Tenant};

#[derive(Role)]
enum Role {
    Admin,
    Editor,
}

#[auth_actix::require(role("admin", in = org) || role("editor", in = (org, workspace)))]
async fn reports(tenant: Tenant) -> String {
    format!("{tenant:?}")
}

fn main() {}
