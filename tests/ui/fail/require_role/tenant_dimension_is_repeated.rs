#[derive(auth_actix::Role)]
enum Role {
    Admin,
}

#[auth_actix::require_role("admin", in = (org, org))]
async fn reports() {}

fn main() {}
