use actix_web::{App, HttpResponse, Responder, get, web};
use auth_actix::{Auth, Principal, require_auth, require_role};
use std::{future::Future, pin::Pin};

#[derive(auth_actix::Role)]
enum Role {
    Admin,
}

#[require_role("admin")]
#[get("/report")]
fn report(user: Principal) -> impl Future<Output = HttpResponse> {
    async move { HttpResponse::Ok().body(format!("{:?}", user.id())) }
}

#[require_auth]
#[get("/boxed/{id}")]
fn boxed(id: web::Path<u64>) -> Pin<Box<dyn Future<Output = String>>> {
    Box::pin(async move { id.to_string() })
}

#[require_auth]
#[get("/responder")]
fn responder() -> impl Future<Output = impl Responder> + 'static {
    std::future::ready("daily")
}

#[require_auth]
fn plain(mut body: String) -> std::pin::Pin<std::boxed::Box<dyn std::future::Future<Output = String> + Send>> {
    body.push('!');
    Box::pin(async { body })
}

fn main() {
    let _ = |auth: &Auth| {
        let scope = auth.scope("/api").service(report).service(boxed).service(responder);
        App::new().service(scope.route("/plain", auth_actix::web::post().to(plain)));
    };
}
