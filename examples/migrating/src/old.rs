//! Handlers before the migration: each checks the caller by hand, or does not check at all.

use actix_web::{HttpRequest, HttpResponse, Responder, get, post, web};
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde::Deserialize;

pub(crate) struct Secret(pub(crate) String);

#[derive(Deserialize)]
struct Claims {
    #[serde(default)]
    roles: Vec<String>,
}

/// Returns the roles of the caller, or `None` if the caller is not authenticated. Each handler has to remember to call this.
fn roles(request: &HttpRequest, secret: &Secret) -> Option<Vec<String>> {
    let token = request.headers().get("Authorization")?.to_str().ok()?.strip_prefix("Bearer ")?;
    let key = DecodingKey::from_secret(secret.0.as_bytes());
    let claims = jsonwebtoken::decode::<Claims>(token, &key, &Validation::new(Algorithm::HS256)).ok()?.claims;
    Some(claims.roles)
}

#[get("/stock")]
pub(crate) async fn stock(request: HttpRequest, secret: web::Data<Secret>) -> HttpResponse {
    if roles(&request, &secret).is_none() {
        return HttpResponse::Forbidden().finish(); // the client cannot know that it should log in
    }
    HttpResponse::Ok().body("12 wheels\n")
}

#[post("/price")]
pub(crate) async fn set_price(
    request: HttpRequest,
    secret: web::Data<Secret>,
    cents: web::Json<u32>, // read and parsed before the check below, for any sender
) -> HttpResponse {
    if !roles(&request, &secret).is_some_and(|roles| roles.iter().any(|role| role == "manager")) {
        return HttpResponse::Forbidden().finish();
    }
    HttpResponse::Ok().body(format!("{cents} cents\n"))
}

#[get("/export")]
pub(crate) async fn export() -> impl Responder {
    "all customers\n"
}
