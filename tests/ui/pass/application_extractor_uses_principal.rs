use actix_web::{App, Error, FromRequest, HttpRequest, dev::Payload, get};
use auth_actix::{Auth, Principal, public, require_auth};
use std::{future::Future, pin::Pin};

struct CurrentUser {
    name: String,
}

impl FromRequest for CurrentUser {
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Error>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let principal = Principal::from_request(request, payload);
        Box::pin(async move { Ok(Self { name: format!("{:?}", principal.await?.id()) }) })
    }
}

#[require_auth]
#[get("/me")]
async fn me(user: CurrentUser) -> String {
    user.name
}

#[require_auth]
#[get("/both")]
async fn both(user: CurrentUser, principal: Principal) -> String {
    format!("{} {:?}", user.name, principal.id())
}

#[public]
#[get("/home")]
async fn home(user: Option<CurrentUser>) -> String {
    user.map_or_else(|| "stranger".to_owned(), |user| user.name)
}

fn main() {
    let _ = |auth: &Auth| {
        App::new().service(auth.scope("/api").service(me).service(both).service(home));
    };
}
