use actix_web::{App, get, web};
use auth_actix::{Auth, require_auth};
use std::borrow::Cow;

struct Store {
    read: fn(&str) -> Cow<'_, str>,
    each: Box<dyn for<'a> Fn(&'a str) -> &'a str>,
}

#[require_auth]
#[get("/report")]
async fn report(name: web::Data<&'static str>, title: web::Data<Cow<'static, str>>, store: web::Data<Store>) -> String {
    format!("{} {}", (store.read)(&name), (store.each)(&title))
}

#[require_auth]
#[get("/read")]
async fn read(read: web::Data<fn(&str) -> String>) -> String {
    read("daily")
}

fn main() {
    let _ = |auth: &Auth| {
        App::new().service(auth.scope("/api").service(report).service(read));
    };
}
