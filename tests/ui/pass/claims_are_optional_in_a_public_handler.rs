use actix_web::{App, get};
use auth_actix::{Auth, Claims, public};
use serde::Deserialize;

#[derive(Deserialize)]
struct Mine {
    #[serde(rename = "org")]
    _org: String,
}

#[public]
#[get("/home")]
async fn home(mine: Option<Claims<Mine>>) -> String {
    mine.is_some().to_string()
}

fn main() {
    let _ = |auth: &Auth| {
        App::new().service(auth.scope("/api").service(home));
    };
}
