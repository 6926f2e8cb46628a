use actix_web::{App, get, web};
use auth_actix::{Auth, Principal, require_auth, require_claim};
use tracing::instrument;

#[instrument(skip_all)]
#[require_auth]
#[get("/above")]
async fn above_all() -> &'static str {
    "above"
}

#[require_auth]
#[instrument(skip_all, fields(id = %id))]
#[get("/between/{id}")]
async fn between(id: web::Path<u64>) -> String {
    id.to_string()
}

#[require_auth]
#[get("/below/{id}")]
#[tracing::instrument(skip(body))]
async fn below(id: web::Path<u64>, body: String) -> String {
    format!("{id} {body}")
}

#[require_auth(max_age = "1h")]
#[get("/amid")]
#[instrument(skip(user))]
#[require_claim("org", "acme")]
async fn amid_rules(user: Principal) -> String {
    format!("{:?}", user.id())
}

#[require_auth]
#[instrument]
async fn plain() -> &'static str {
    "plain"
}

#[instrument]
#[require_auth]
async fn plain_below() -> &'static str {
    "plain"
}

fn main() {
    let _ = |auth: &Auth| {
        App::new().service(auth.scope("/api").service(between).service(below).service(amid_rules));
        App::new().app_data(auth.clone()).service(above_all);
        App::new()
            .app_data(auth.clone())
            .route("/plain", web::get().to(plain))
            .route("/plain-below", web::get().to(plain_below));
    };
}
