#[derive(auth_actix::Role)]
enum Role {
    Admin,
}

struct SaveResult;

impl actix_web::Responder for SaveResult {
    type Body = actix_web::body::BoxBody;

    fn respond_to(self, _: &actix_web::HttpRequest) -> actix_web::HttpResponse {
        actix_web::HttpResponse::Ok().finish()
    }
}

#[auth_actix::require(role("admin") || check(*id == 1))]
async fn save(id: actix_web::web::Path<u64>) -> SaveResult {
    let _ = id;
    SaveResult
}

fn main() {}
