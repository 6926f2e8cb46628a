use actix_web::{App, get};
use auth_actix::{Auth, require_auth};

#[require_auth]
#[get("/bare")]
async fn bare() -> &'static str {
    "bare"
}

#[require_auth(max_age = "5m")]
#[get("/lately")]
async fn lately() -> &'static str {
    "lately"
}

#[require_auth(max_age = "30s")]
#[get("/just-now")]
async fn just_now() -> &'static str {
    "just_now"
}

#[require_auth(max_age = "12h")]
#[get("/today")]
async fn today() -> &'static str {
    "today"
}

#[require_auth(acr = "urn:example:mfa")]
#[get("/strongly")]
async fn strongly() -> &'static str {
    "strongly"
}

#[require_auth(scheme = "bearer")]
#[get("/by-token")]
async fn by_token() -> &'static str {
    "by_token"
}

#[require_auth(scheme = "basic", max_age = "5m", acr = "2")]
#[get("/in-another-order")]
async fn in_another_order() -> &'static str {
    "in_another_order"
}

#[require_auth(max_age = "5m")]
#[require_auth(acr = "urn:example:mfa")]
#[get("/twice-with-other-words")]
async fn twice_with_other_words() -> &'static str {
    "twice_with_other_words"
}

#[require_auth(not_found)]
#[get("/hidden")]
async fn hidden() -> &'static str {
    "hidden"
}

#[require_auth(max_age = "5m", not_found)]
#[get("/hidden-and-lately")]
async fn hidden_and_lately() -> &'static str {
    "hidden_and_lately"
}

fn main() {
    let _ = |auth: &Auth| {
        let api = auth
            .scope("/api")
            .service(bare)
            .service(lately)
            .service(just_now)
            .service(today)
            .service(strongly)
            .service(by_token)
            .service(in_another_order)
            .service(twice_with_other_words)
            .service(hidden)
            .service(hidden_and_lately);
        App::new().service(api);
    };
}
