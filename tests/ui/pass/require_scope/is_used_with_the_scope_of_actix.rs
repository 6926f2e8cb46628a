use actix_web::{App, Scope, get};
use auth_actix::{Auth, require_scope};

#[derive(auth_actix::TokenScope)]
enum TokenScope {
    #[token_scope("read:reports")]
    ReadReports,
    #[token_scope("https://api.example/write")]
    WriteReports,
}

#[require_scope("read:reports")]
#[get("/by-name")]
async fn by_name() -> &'static str {
    "by_name"
}

#[require_scope(TokenScope::WriteReports)]
#[get("/by-path")]
async fn by_path() -> &'static str {
    "by_path"
}

#[require_scope(any("read:reports", "https://api.example/write"))]
#[get("/by-either")]
async fn by_either() -> &'static str {
    "by_either"
}

#[require_scope(all("read:reports", "https://api.example/write"))]
#[get("/by-each")]
async fn by_each() -> &'static str {
    "by_each"
}

#[require_scope("read:reports", not_found)]
#[get("/hidden")]
async fn hidden() -> &'static str {
    "hidden"
}

fn main() {
    let _ = |auth: &Auth| {
        let api =
            auth.scope("/api").service(by_name).service(by_path).service(by_either).service(by_each).service(hidden);
        let _: Scope = Scope::new("/plain");
        App::new().service(api);
    };
}
