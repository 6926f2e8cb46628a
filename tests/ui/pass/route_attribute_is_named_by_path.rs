use auth_actix::Auth;

#[auth_actix::require_auth]
#[actix_web::get("/report")]
async fn report() -> &'static str {
    "daily"
}

#[::auth_actix::require_auth]
#[::actix_web::post("/report")]
async fn replace(body: String) -> String {
    body
}

#[::actix_web::delete("/report")]
#[::auth_actix::require_auth]
async fn remove() -> actix_web::HttpResponse {
    actix_web::HttpResponse::NoContent().finish()
}

fn main() {
    let _ = |auth: &Auth| {
        actix_web::App::new().service(auth.scope("/api").service(report).service(replace));
        actix_web::App::new().app_data(auth.clone()).service(remove);
    };
}
