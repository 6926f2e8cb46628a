use auth_actix::{Auth, require_auth, web};

#[require_auth]
async fn report() -> &'static str { "" }

async fn missing() -> &'static str { "" }

fn main() {
    let _ = |auth: &Auth| {
        auth.scope("/api").service(web::resource("/report").get(report).default_service(actix_web::web::to(missing)));
    };
}
