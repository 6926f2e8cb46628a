use actix_web::{App, get, guard::GuardContext, middleware::NormalizePath};
use auth_actix::{Auth, require_auth};

fn over_http(_: &GuardContext<'_>) -> bool {
    true
}

#[require_auth]
#[get("/report/{id:\\d+}", name = "report", guard = "over_http", wrap = "NormalizePath::trim()")]
async fn report(id: actix_web::web::Path<u64>) -> String {
    id.to_string()
}

fn main() {
    let _ = |auth: &Auth| {
        App::new().service(auth.scope("/api").service(report));
    };
}
