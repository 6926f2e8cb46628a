//! Tests of dynamic grants of permissions to roles: their effect, their timing, and their limits.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use actix_web::get;
use actix_web::web::ServiceConfig;
use auth_actix::audit::{Event, Sink};
use auth_actix::identity::{Grants, GrantsError};
use auth_actix::{Auth, Confers, Permission, Principal, Role, open, require_auth, require_permission};
use auth_tests::server::Server;
use auth_tests::token::bearer;
use auth_tests::wire::get;
use serde_json::json;

use crate::{BEARER, denied, jwt};

#[derive(Clone, Copy, Role)]
enum Role {
    #[role(implies(Editor))]
    Admin,
    #[role(grants(Permission::Write))]
    Editor,
    Viewer,
}

#[derive(Clone, Copy, Permission)]
enum Permission {
    #[permission("posts:write")]
    Write,
    #[permission("posts:pin", implies(Move))]
    Pin,
    #[permission("posts:move")]
    Move,
}

#[require_permission("posts:write")]
#[get("/write")]
async fn write() -> &'static str {
    "written"
}

#[require_permission("posts:pin")]
#[get("/pin")]
async fn pin() -> &'static str {
    "pinned"
}

#[require_auth]
#[get("/may")]
async fn may(caller: Principal) -> String {
    let may = |permission| caller.has_permission(permission);
    format!("write={} pin={} move={}", may(Permission::Write), may(Permission::Pin), may(Permission::Move))
}

#[derive(Clone, Default)]
struct Record(Arc<Mutex<Vec<serde_json::Value>>>);

impl Sink for Record {
    fn record(&self, event: &Event) {
        self.0.lock().unwrap().push(serde_json::to_value(event).unwrap());
    }
}

fn place(grants: &Grants<Role, Permission>, confers: Confers) -> (Server, Record) {
    let record = Record::default();
    let auth = Auth::builder()
        .realm("reports")
        .bearer(jwt().confers(confers))
        .grants(grants)
        .audit(record.clone())
        .audit_grants()
        .build()
        .unwrap();
    let server = Server::start(move |config: &mut ServiceConfig| {
        config.service(auth.scope("").service(write).service(pin).service(may));
    });
    (server, record)
}

fn of(roles: &[&str]) -> String {
    bearer(json!({ "roles": roles }))
}

#[test]
fn dynamic_grants_extend_declared_ones_on_the_next_request() {
    // M4, H8
    let grants = Grants::new();
    // No role grants `posts:pin` yet, and the server starts.
    let (server, record) = place(&grants, Confers::everything());
    let status = |path: &str, roles: &[&str]| server.send(&get(path).authorization(of(roles))).status;
    let version = || record.0.lock().unwrap().pop().unwrap().get("grants").cloned();
    denied(
        "none yet",
        &server.send(&get("/pin").authorization(of(&["editor"]))),
        403,
        "insufficient-permissions",
        &[BEARER],
    );
    assert_eq!(version(), None);
    grants.replace("7", [("editor", "posts:pin")]).unwrap();
    assert_eq!(status("/pin", &["editor"]), 200);
    assert_eq!(version(), Some(json!("7")), "of a grant");
    assert_eq!(status("/pin", &["viewer"]), 403);
    assert_eq!(version(), Some(json!("7")), "of a denial");
    assert_eq!(status("/pin", &["admin"]), 200, "a role that implies another has its grants");
    let answer = server.send(&get("/may").authorization(of(&["editor"])));
    assert_eq!(answer.text(), "write=true pin=true move=true", "and what the permission implies");
    grants.replace("8", [("viewer", "posts:move")]).unwrap();
    assert_eq!(
        (status("/pin", &["editor"]), status("/write", &["editor"])),
        (403, 200),
        "declared grants stay in effect"
    );
    assert_eq!(version(), Some(json!("8")));
    assert_eq!(server.send(&get("/may").authorization(of(&["viewer"]))).text(), "write=false pin=false move=true");
}

#[test]
fn grants_with_undeclared_names_are_rejected_atomically() {
    // M4
    let grants = Grants::<Role, Permission>::new();
    grants.replace("1", [("editor", "posts:pin")]).unwrap();
    let wrong =
        |version: &str, pairs: &[(&str, &str)]| grants.replace(version, pairs.to_vec()).unwrap_err().to_string();
    assert_eq!(wrong("2", &[("viewer", "posts:pin"), ("Editor", "posts:pin")]), "`Role` declares no role \"Editor\"");
    assert_eq!(wrong("2", &[("editor", "posts:burn")]), "`Permission` declares no permission \"posts:burn\"");
    assert_eq!(wrong("2", &[("posts:pin", "editor")]), "`Role` declares no role \"posts:pin\"");
    for version in ["", "a b", "a\nb", "\u{fc}", &"v".repeat(65)] {
        assert!(matches!(grants.replace(version, [("editor", "posts:pin")]), Err(GrantsError::Version)), "{version:?}");
    }
    assert_eq!(grants.version().as_deref(), Some("1"));
    let open = Grants::<open::Role, Permission>::new();
    assert!(open.replace("1", [("anything", "posts:pin")]).is_err(), "an open vocabulary declares no names");
    // An issuer that may not confer the role does not confer the granted permission either.
    let (server, _) = place(&grants, Confers::nothing().roles(["viewer"]).permissions(["posts:write", "posts:pin"]));
    assert_eq!(server.send(&get("/pin").authorization(of(&["editor"]))).status, 403);
}

#[test]
fn grants_file_is_reloaded_and_invalid_content_is_ignored() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("grants.json");
    let save = |text: &str| std::fs::write(&path, text).unwrap();
    for (text, expected) in [
        ("", "not a JSON object"),
        (r#"{"version": "1"}"#, "missing field `grants`"),
        (r#"{"version": "1", "grants": {}, "more": 1}"#, "unknown field"),
        (r#"{"version": "1", "grants": {"editor": ["posts:burn"]}}"#, "posts:burn"),
    ] {
        save(text);
        let error = Grants::<Role, Permission>::file(&path).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }
    assert!(matches!(Grants::<Role, Permission>::file(folder.path().join("none")), Err(GrantsError::Read(_))));
    save(r#"{"version": "1", "grants": {"editor": ["posts:pin"]}}"#);
    let grants = Grants::file(&path).unwrap();
    let (server, _) = place(&grants, Confers::everything());
    let status = |role: &str| server.send(&get("/pin").authorization(of(&[role]))).status;
    let within = |expected: &dyn Fn() -> bool| {
        (0..150).any(|_| {
            std::thread::sleep(Duration::from_millis(100));
            expected()
        })
    };
    assert_eq!(status("editor"), 200);
    save(r#"{"version": "2", "grants": {"viewer": ["posts:pin"]}}"#);
    assert!(within(&|| grants.version().as_deref() == Some("2")));
    assert_eq!((status("editor"), status("viewer")), (403, 200));
    save(r#"{"version": "3", "grants": {"viewer": ["posts:pin", "posts:burn"]}}"#);
    std::thread::sleep(Duration::from_secs(6));
    assert_eq!((grants.version().as_deref(), status("viewer")), (Some("2"), 200));
}
