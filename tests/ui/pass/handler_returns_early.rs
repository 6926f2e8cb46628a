use actix_web::{App, HttpResponse, ResponseError, get, web};
use auth_actix::{Auth, Principal, require_auth, require_claim};
use std::fmt;

#[derive(Debug)]
struct Broken;

impl fmt::Display for Broken {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("broken")
    }
}

impl ResponseError for Broken {}

impl From<std::num::ParseIntError> for Broken {
    fn from(_: std::num::ParseIntError) -> Self {
        Self
    }
}

type Answer<T = HttpResponse> = Result<T, Broken>;

#[require_auth]
#[get("/number/{text}")]
async fn number(text: web::Path<String>) -> Answer {
    let number: u64 = text.parse()?;
    if number == 0 {
        return Err(Broken);
    }
    Ok(HttpResponse::Ok().body(number.to_string()))
}

#[require_claim("org", "acme")]
#[get("/halves/{text}")]
async fn halves(user: Principal, text: web::Path<String>) -> HttpResponse {
    let Some((left, _)) = text.split_once(':') else {
        return HttpResponse::NotFound().finish();
    };
    let length = 'found: {
        if left.is_empty() {
            break 'found 0;
        }
        left.len()
    };
    HttpResponse::Ok().body(format!("{:?} {length}", user.id()))
}

#[require_auth]
#[get("/never")]
async fn never() -> Answer<&'static str> {
    Err(Broken)?
}

#[require_auth]
#[get("/panics")]
async fn panics() -> HttpResponse {
    unimplemented!()
}

fn main() {
    let _ = |auth: &Auth| {
        App::new().service(auth.scope("/api").service(number).service(halves).service(never).service(panics));
    };
}
