//! Tests of metrics: each decision is counted once, by handler, reason and scheme, and the duration of authentication is recorded.

use actix_web::get;
use actix_web::web::ServiceConfig;
use auth_actix::password::{Basic, PasswordAuthenticator};
use auth_actix::throttle::Throttle;
use auth_actix::{Auth, Confers, public, require_auth, require_role};
use auth_tests::server::Server;
use auth_tests::token::{basic, bearer};
use auth_tests::wire::get;
use metrics_util::debugging::{DebugValue, DebuggingRecorder, Snapshotter};
use serde_json::json;

use crate::users::{PASSWORD, Staff};
use crate::{Role, jwt};

#[require_auth]
#[get("/counted")]
async fn counted() -> &'static str {
    "counted"
}

#[require_role("admin")]
#[get("/counted-admin")]
async fn counted_admin() -> &'static str {
    "counted"
}

#[public]
#[get("/counted-open")]
async fn counted_open() -> &'static str {
    "open"
}

/// Returns the counters of this module's handlers: outcome, reason, scheme, handler, and count.
fn decisions(recorded: &Snapshotter) -> Vec<(String, u64)> {
    let mut found: Vec<_> = recorded
        .snapshot()
        .into_vec()
        .into_iter()
        .filter_map(|(key, _, _, value)| {
            let key = key.key();
            let labels: Vec<_> = key.labels().map(|label| label.value().to_owned()).collect();
            let of_ours =
                key.name() == "auth_decisions_total" && labels.iter().any(|label| label.contains("::counted"));
            let DebugValue::Counter(count) = value else { return None };
            let labels: Vec<_> = labels.iter().map(|label| label.rsplit("::").next().unwrap().to_owned()).collect();
            (of_ours && count > 0).then(|| (labels.join(" "), count))
        })
        .collect();
    found.sort();
    found
}

#[test]
fn each_decision_increments_one_labeled_counter() {
    let recorder = DebuggingRecorder::new();
    let recorded = recorder.snapshotter();
    recorder.install().unwrap();
    let all = Confers::everything;
    let users = PasswordAuthenticator::new(Staff::default()).throttle(Throttle::off());
    let auth = Auth::builder().bearer(jwt().confers(all())).basic(Basic::new(users).confers(all())).roles::<Role>();
    let auth = auth.build().unwrap();
    let server = Server::start(move |config: &mut ServiceConfig| {
        config.service(auth.scope("").service(counted).service(counted_admin).service(counted_open));
    });
    for request in [
        get("/counted"),
        get("/counted"),
        get("/counted").authorization("Bearer x y"),
        get("/counted").authorization(bearer(json!({}))),
        get("/counted").authorization(basic("alice", PASSWORD)),
        get("/counted").authorization(basic("alice", "guess")),
        get("/counted").authorization(basic("down", "guess")),
        get("/counted-admin").authorization(bearer(json!({ "roles": ["viewer"] }))),
        get("/counted-open"),
    ] {
        server.send(&request);
    }
    let expected = [
        ("denied insufficient-permissions Bearer counted_admin", 1),
        ("denied invalid-credentials Basic counted", 1),
        ("denied malformed-credentials Bearer counted", 1),
        ("denied missing-credentials none counted", 2),
        ("failed authentication-unavailable Basic counted", 1),
        ("granted none Basic counted", 1),
        ("granted none Bearer counted", 1),
        ("granted none none counted_open", 1),
    ];
    let expected: Vec<_> = expected.map(|(labels, count)| (labels.to_owned(), count)).into();
    assert_eq!(decisions(&recorded), expected);
}
