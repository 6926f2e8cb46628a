use actix_web::{App, Either, HttpResponse, Responder, error::Error, get, http::StatusCode, web};
use auth_actix::{Auth, require_auth};

#[require_auth]
#[get("/responder")]
async fn responder() -> impl Responder {
    ("daily", StatusCode::ACCEPTED)
}

#[require_auth]
#[get("/result")]
async fn result(id: web::Path<u64>) -> Result<impl Responder, Error> {
    Ok(id.to_string())
}

#[require_auth]
#[get("/option")]
async fn option() -> Option<impl Responder + use<>> {
    Some(HttpResponse::Ok())
}

#[require_auth]
#[get("/either")]
async fn either() -> Either<&'static str, HttpResponse> {
    Either::Left("daily")
}

fn main() {
    let _ = |auth: &Auth| {
        App::new().service(auth.scope("/api").service(responder).service(result).service(option).service(either));
    };
}
