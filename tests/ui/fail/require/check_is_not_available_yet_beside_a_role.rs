#[auth_actix::require(role("admin") || check(*id == 7))]
async fn report(id: actix_web::web::Path<u64>) -> String {
    id.to_string()
}

fn main() {}
