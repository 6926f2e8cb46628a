use actix_web::{App, HttpRequest, get, post, web};
use auth_actix::{Auth, Principal, require_auth};
use serde::Deserialize;

#[derive(Deserialize)]
struct Page {
    number: u32,
    size: u32,
}

#[derive(Deserialize)]
struct Pair(u32, u32);

#[require_auth]
#[get("/fields")]
async fn fields(web::Query(Page { number, size: rows }): web::Query<Page>) -> String {
    (number * rows).to_string()
}

#[require_auth]
#[get("/rest")]
async fn rest(web::Query(Page { mut number, .. }): web::Query<Page>) -> String {
    number += 1;
    number.to_string()
}

#[require_auth]
#[post("/tuple")]
async fn tuple(web::Json((first, _)): web::Json<(String, u64)>, _: HttpRequest) -> String {
    first
}

#[require_auth]
#[post("/tuple-struct")]
async fn tuple_struct(web::Json(Pair(left, mut right)): web::Json<Pair>) -> String {
    right += left;
    right.to_string()
}

#[require_auth]
#[post("/binding")]
async fn binding(mut body: String, whole @ web::Query(Page { .. }): web::Query<Page>, _: Principal) -> String {
    body.push_str(&whole.number.to_string());
    body
}

#[require_auth]
#[get("/reference")]
async fn reference(web::Query(Page { ref number, .. }): web::Query<Page>) -> String {
    number.to_string()
}

#[require_auth]
#[post("/nested")]
async fn nested((web::Query(Page { number, .. }), mut body): (web::Query<Page>, String)) -> String {
    body.push_str(&number.to_string());
    body
}

#[require_auth]
#[get("/parentheses")]
#[allow(unused_parens)]
async fn parentheses((user): Principal, (web::Query(Page { number, .. })): web::Query<Page>) -> String {
    format!("{:?} {number}", user.id())
}

fn main() {
    let _ = |auth: &Auth| {
        let scope = auth
            .scope("/api")
            .service(fields)
            .service(rest)
            .service(tuple)
            .service(tuple_struct)
            .service(binding)
            .service(reference)
            .service(nested)
            .service(parentheses);
        App::new().service(scope);
    };
}
