use actix_web::{App, get};
use auth_actix::{Auth, require_scope};

#[derive(Debug, auth_actix::TokenScope)]
#[token_scope(rename_all = "snake_case")]
enum TokenScope {
    ReadReports,
    #[token_scope("https://api.example/write#!", alias("write"))]
    WriteReports,
}

#[require_scope("read_reports")]
#[get("/read")]
async fn read() -> &'static str {
    "read"
}

#[require_scope("https://api.example/write#!")]
#[get("/write")]
async fn write() -> &'static str {
    "write"
}

fn main() {
    let _ = |auth: &Auth| {
        App::new().service(auth.scope("/api").service(read).service(write));
    };
}
