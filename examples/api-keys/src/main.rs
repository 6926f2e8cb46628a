//! An API for programs. Each client has its own keys with its own roles and scopes.
//!
//! Copy this if programs of your customers call you. `make-key`, in `src/bin`, creates a key: it stores the digest of the key in the
//! file of tokens, and prints the key once. `revoke-key` revokes it. A running server notices both within two seconds.
//!
//! ```text
//! cargo run -p api-keys --bin make-key tokens.jsonl backup reader read:reports     # prints the identifier, and the key once
//! cargo run -p api-keys --bin api-keys
//! curl -i -H 'X-Api-Key: key_…' http://127.0.0.1:8080/reports
//! cargo run -p api-keys --bin revoke-key tokens.jsonl 4ty3T…
//! ```
//!
//! `TOKENS` is the path of the file (`tokens.jsonl` by default). `PORT` is the port to listen on (8080 by default). `KEYS` is
//! the path of a key file of an earlier version, if you have one: its keys, `ak.…`, stay valid.

use std::io;

use actix_web::dev::HttpServiceFactory;
use actix_web::{App, HttpServer, Responder, get};
use api_keys::keys;
use auth_actix::identity::Rights;
use auth_actix::tokens::{ApiKeyFile, FileTokenStore, Tokens};
use auth_actix::{Auth, AuthBuilder, Principal, require_role, require_scope};

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

fn accepting(store: FileTokenStore) -> AuthBuilder {
    Auth::builder().realm("api").tokens(keys(store).confers(Rights::everything()))
}

#[actix_web::main]
#[allow(clippy::print_stdout, reason = "the output is for the terminal")]
async fn main() -> io::Result<()> {
    tracing_subscriber::fmt().with_writer(io::stderr).init();
    let port = std::env::var("PORT").ok().and_then(|port| port.parse().ok()).unwrap_or(8080);
    let mut auth = accepting(FileTokenStore::open(std::env::var("TOKENS").unwrap_or("tokens.jsonl".into()))?);
    if let Ok(path) = std::env::var("KEYS") {
        auth = auth.tokens(Tokens::api_key_file(ApiKeyFile::open(path)?).confers(Rights::everything()));
    }
    let auth = auth.build()?;
    let server = HttpServer::new(move || App::new().service(api(&auth))).bind(("127.0.0.1", port))?;
    for address in server.addrs() {
        println!("listening on http://{address}");
    }
    server.run().await
}

#[cfg(test)]
mod tests {
    use actix_web::test::{TestRequest, call_service, init_service};
    use api_keys::{create, revoke};

    use super::*;

    #[actix_web::test]
    async fn key_grants_its_roles_and_scopes_until_it_is_revoked() {
        let path = std::env::temp_dir().join(format!("api-keys-{}.jsonl", std::process::id()));
        let store = FileTokenStore::open(&path).unwrap();
        let (id, reader) = create(&store, "backup", "reader", "read:reports").await.unwrap();
        let (_, other) = create(&store, "other", "", "").await.unwrap();
        let auth = accepting(store.clone()).build().unwrap();
        let app = init_service(App::new().service(api(&auth))).await;
        let answered = async |path: &str, key: &str| {
            let request = TestRequest::get().uri(path).insert_header(("X-Api-Key", key));
            call_service(&app, request.to_request()).await.status().as_u16()
        };
        #[rustfmt::skip]
        let table = [
            ("/reports", &*reader, 200), ("/status", &*reader, 200),
            ("/reports", &*other,  403), ("/status", &*other,  403),
            ("/reports", "key_x",  401), ("/reports", "",      400),
        ];
        for (path, key, expected) in table {
            assert_eq!(answered(path, key).await, expected, "{path} {expected}");
        }
        assert!(revoke(&store, &id).await.unwrap());
        assert_eq!(answered("/reports", &reader).await, 401);
        std::fs::remove_file(path).unwrap();
        let _ = (Role::Reader, TokenScope::ReadReports);
    }
}
