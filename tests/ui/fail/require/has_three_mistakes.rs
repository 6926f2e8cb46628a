#[auth_actix::require(rol("admin") || (permission("") && max_age("soon")))]
async fn report() {}

fn main() {}
