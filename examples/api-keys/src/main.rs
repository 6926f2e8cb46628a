//! An API for programs. Each client has its own key with its own roles and scopes. A key is revoked by deleting its line.
//!
//! Copy this if programs of your customers call you. `make-key`, in `src/bin`, creates a key: it appends a line with the hash of
//! the key to the key file, and prints the key once.
//!
//! ```text
//! cargo run -p api-keys --bin make-key keys.txt backup reader read:reports     # shows the key, once
//! cargo run -p api-keys --bin api-keys
//! curl -i -H 'X-Api-Key: ak.…' http://127.0.0.1:8080/reports
//! ```
//!
//! `KEYS` is the path of the key file (`keys.txt` by default). `PORT` is the port to listen on (8080 by default).

use std::io;

use actix_web::dev::HttpServiceFactory;
use actix_web::{App, HttpServer, Responder, get};
use auth_actix::api_key::ApiKeysFile;
use auth_actix::{Auth, Principal, require_role, require_scope};

#[derive(auth_actix::Role)]
enum Role {
    Reader,
}

#[derive(auth_actix::TokenScope)]
enum TokenScope {
    #[token_scope("read:reports")]
    ReadReports,
}

#[require_scope("read:reports")]
#[get("/reports")]
async fn reports(caller: Principal) -> impl Responder {
    format!("all reports, for {}\n", caller.id())
}

#[require_role("reader")]
#[get("/status")]
async fn status() -> impl Responder {
    "up\n"
}

fn api(auth: &Auth) -> impl HttpServiceFactory + use<> {
    auth.scope("").service(reports).service(status)
}

#[actix_web::main]
#[allow(clippy::print_stdout, reason = "the output is for the terminal")]
async fn main() -> io::Result<()> {
    tracing_subscriber::fmt().with_writer(io::stderr).init();
    let port = std::env::var("PORT").ok().and_then(|port| port.parse().ok()).unwrap_or(8080);
    let path = std::env::var("KEYS").unwrap_or("keys.txt".into());
    if !std::path::Path::new(&path).exists() {
        std::fs::write(&path, "# ID HASH OWNER ROLES SCOPES EXPIRES: written by make-key\n")?;
    }
    let auth = Auth::builder().realm("api").api_keys(ApiKeysFile::open(path)?).build()?;
    let server = HttpServer::new(move || App::new().service(api(&auth))).bind(("127.0.0.1", port))?;
    for address in server.addrs() {
        println!("listening on http://{address}");
    }
    server.run().await
}

#[cfg(test)]
mod tests {
    use actix_web::test::{TestRequest, call_service, init_service};
    use auth_actix::api_key::ApiKey;

    use super::*;

    #[actix_web::test]
    async fn api_key_grants_the_roles_and_scopes_of_its_line() {
        let (reader, other) = (ApiKey::generate("backup").unwrap(), ApiKey::generate("other").unwrap());
        let (reader_key, other_key) = (reader.reveal().to_owned(), other.reveal().to_owned());
        let lines = [reader.stored.roles(["reader"]).scopes(["read:reports"]).to_line(), other.stored.to_line()];
        let path = std::env::temp_dir().join(format!("api-keys-{}.txt", std::process::id()));
        std::fs::write(&path, lines.join("\n")).unwrap();
        let auth = Auth::builder().realm("api").api_keys(ApiKeysFile::open(&path).unwrap()).build().unwrap();
        let app = init_service(App::new().service(api(&auth))).await;
        let answered = async |path: &str, key: &str| {
            let request = TestRequest::get().uri(path).insert_header(("X-Api-Key", key));
            call_service(&app, request.to_request()).await.status().as_u16()
        };
        let (reader, other) = (reader_key.as_str(), other_key.as_str());
        #[rustfmt::skip]
        let table = [
            ("/reports", reader, 200), ("/status", reader, 200),
            ("/reports", other,  403), ("/status", other,  403),
            ("/reports", "ak.x", 401), ("/reports", "",    400),
        ];
        for (path, key, expected) in table {
            assert_eq!(answered(path, key).await, expected, "{path} {expected}");
        }
        std::fs::remove_file(path).unwrap();
        let _ = (Role::Reader, TokenScope::ReadReports);
    }
}
