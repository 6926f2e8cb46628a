use actix_web::{App, get};
use auth_actix::{Auth, require, require_role};

#[derive(auth_actix::Role)]
enum Role {
    Admin,
    Editor,
    Viewer,
    Suspended,
}

#[require(role("admin") && role("editor") && role("viewer"))]
#[get("/each")]
async fn each() -> &'static str {
    "each"
}

#[require(role("admin") || role("editor") || role("viewer"))]
#[get("/either")]
async fn either() -> &'static str {
    "either"
}

#[require(role("admin") || (role("editor") && role("viewer")))]
#[get("/nested")]
async fn nested() -> &'static str {
    "nested"
}

#[require((role("admin") || role("editor")) && (claim("org", "acme") || max_age("5m")))]
#[get("/nested-twice")]
async fn nested_twice() -> &'static str {
    "nested_twice"
}

#[require(((role("admin"))))]
#[get("/in-needless-parentheses")]
async fn in_needless_parentheses() -> &'static str {
    "in_needless_parentheses"
}

#[require(!role("suspended"))]
#[get("/negated")]
async fn negated() -> &'static str {
    "negated"
}

#[require(role("editor") && !role("suspended") && !claim("org", "acme") && !network("10.66.0.0/16"))]
#[get("/negated-beside-others")]
async fn negated_beside_others() -> &'static str {
    "negated_beside_others"
}

#[require(role("editor") && !(role("suspended") || network("10.66.0.0/16")))]
#[get("/negated-within-parentheses")]
async fn negated_within_parentheses() -> &'static str {
    "negated_within_parentheses"
}

#[require(network("10.0.0.0/8") || role("viewer"))]
#[get("/for-strangers-from-inside")]
async fn for_strangers_from_inside() -> &'static str {
    "for_strangers_from_inside"
}

#[require(role("admin") || (claim("org", "acme") && !network("203.0.113.0/24")), not_found)]
#[get("/hidden")]
async fn hidden() -> &'static str {
    "hidden"
}

#[require(!role("suspended"))]
#[require_role("editor")]
#[get("/beside-another-attribute")]
async fn beside_another_attribute() -> &'static str {
    "beside_another_attribute"
}

fn main() {
    let _ = |auth: &Auth| {
        let api = auth
            .scope("/api")
            .service(each)
            .service(either)
            .service(nested)
            .service(nested_twice)
            .service(in_needless_parentheses)
            .service(negated)
            .service(negated_beside_others)
            .service(negated_within_parentheses)
            .service(for_strangers_from_inside)
            .service(hidden)
            .service(beside_another_attribute);
        App::new().service(api);
    };
}
