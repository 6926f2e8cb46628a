//! Tests of the rules of a lease: the rule of the handler, and the rules in front of it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use actix_web::web::ServiceConfig;
use auth_actix::blocklist::BlockEntry;
use auth_actix::identity::ProvidedRoles;
use auth_actix::{Id, guarded, rule};
use auth_tests::server::Server;
use auth_tests::token::{ISSUER, bearer, now};
use auth_tests::wire::{get as ask, request};
use serde_json::json;

use super::{known, lasts, lasts_of, open, serve};
use crate::{Role, bearer_only};

#[test]
fn stream_ends_once_its_rule_no_longer_holds() {
    // M1
    let most = Duration::from_secs(6);
    let mut threads = Vec::new();
    let mut case = |name: &'static str, run: fn() -> Option<Duration>, from: u64, to: u64| {
        threads.push((name, std::thread::spawn(run), Duration::from_millis(from), Duration::from_millis(to)));
    };
    const MOST: Duration = Duration::from_secs(6);
    // The clock leeway is 60 s, so a token that should end in two seconds has to be expired for 58 s.
    let _ = most;
    case(
        "its token expires",
        || {
            let (server, ..) = serve();
            lasts(&server, "/known", json!({"sub": "alice", "exp": now() - 58}), MOST, || {})
        },
        500,
        3_500,
    );
    case(
        "its login becomes too old",
        || {
            let (server, ..) = serve();
            lasts(&server, "/fresh", json!({"sub": "alice", "auth_time": now()}), MOST, || {})
        },
        2_000,
        5_500,
    );
    case(
        "its caller is blocked",
        || {
            let (server, _, blocks) = serve();
            lasts(&server, "/known", json!({"sub": "alice"}), MOST, move || {
                blocks.add(BlockEntry::BlockSubject(Id::user(ISSUER, "alice"))).unwrap()
            })
        },
        0,
        2_500,
    );
    case(
        "its token is revoked",
        || {
            let (server, _, blocks) = serve();
            let (issuer, jti) = (ISSUER.to_owned(), "one".to_owned());
            let expires = auth_actix::identity::Timestamp::from_seconds(now() + 3600);
            lasts(&server, "/known", json!({"sub": "alice", "jti": "one"}), MOST, move || {
                blocks.add(BlockEntry::RevokeToken { issuer, jti, expires }).unwrap()
            })
        },
        0,
        2_500,
    );
    case(
        "all of its caller's are",
        || {
            let (server, _, blocks) = serve();
            lasts(&server, "/known", json!({"sub": "alice", "iat": now() - 5}), MOST, move || {
                let since = auth_actix::identity::Timestamp::from_seconds(now());
                blocks.add(BlockEntry::RevokeSubject { id: Id::user(ISSUER, "alice"), since }).unwrap()
            })
        },
        0,
        2_500,
    );
    case(
        "the token of its ticket expires",
        || {
            let (server, ..) = serve();
            let claims = json!({"sub": "alice", "exp": now() - 58});
            let answer = server.send(&request("POST", "/ticket").authorization(bearer(claims)).body(""));
            let stream = ask(&format!("/known?ticket={}", answer.text())).field("Accept", "text/event-stream");
            lasts_of(&server, &stream, MOST, || {})
        },
        500,
        3_500,
    );
    case(
        "a caller with a ticket is blocked",
        || {
            let (server, _, blocks) = serve();
            let answer =
                server.send(&request("POST", "/ticket").authorization(bearer(json!({"sub": "alice"}))).body(""));
            let stream = ask(&format!("/known?ticket={}", answer.text())).field("Accept", "text/event-stream");
            lasts_of(&server, &stream, MOST, move || {
                blocks.add(BlockEntry::BlockSubject(Id::user(ISSUER, "alice"))).unwrap()
            })
        },
        0,
        2_500,
    );
    case(
        "a caller with a subprotocol is blocked",
        || {
            let (server, _, blocks) = serve();
            let socket = ask("/known").field("Upgrade", "websocket").field("Connection", "Upgrade");
            let token = bearer(json!({"sub": "alice"})).replace("Bearer ", "bearer, ");
            lasts_of(&server, &socket.field("Sec-WebSocket-Protocol", &token), MOST, move || {
                blocks.add(BlockEntry::BlockSubject(Id::user(ISSUER, "alice"))).unwrap()
            })
        },
        0,
        2_500,
    );
    case(
        "another caller is blocked",
        || {
            let (server, _, blocks) = serve();
            lasts(&server, "/known", json!({"sub": "alice"}), Duration::from_secs(3), move || {
                blocks.add(BlockEntry::BlockSubject(Id::user(ISSUER, "bob"))).unwrap()
            })
        },
        u64::MAX,
        0,
    );
    case(
        "its role is withdrawn",
        || {
            let (server, database, _) = serve();
            lasts(&server, "/editors", json!({"sub": "editor"}), MOST, move || {
                database.withdrawn.store(true, Ordering::SeqCst)
            })
        },
        0,
        2_500,
    );
    case(
        "the database is unavailable for long",
        || {
            let (server, database, _) = serve();
            lasts(&server, "/editors", json!({"sub": "editor"}), MOST, move || {
                database.away.store(true, Ordering::SeqCst)
            })
        },
        2_000,
        5_500,
    );
    case(
        "the database is unavailable for a moment",
        || {
            let (server, database, _) = serve();
            let then = move || {
                database.away.store(true, Ordering::SeqCst);
                std::thread::spawn(move || {
                    std::thread::sleep(Duration::from_millis(1_500));
                    database.away.store(false, Ordering::SeqCst);
                });
            };
            lasts(&server, "/editors", json!({"sub": "editor"}), Duration::from_secs(5), then)
        },
        u64::MAX,
        0,
    );
    case(
        "what its check has found stays",
        || {
            let (server, ..) = serve();
            lasts(&server, "/checked/1", json!({"sub": "alice", "roles": []}), Duration::from_secs(3), || {})
        },
        u64::MAX,
        0,
    );
    case(
        "an anonymous caller has no access that ends",
        || {
            let (server, ..) = serve();
            lasts(&server, "/open", json!({"sub": "alice"}), Duration::from_secs(3), || {})
        },
        u64::MAX,
        0,
    );
    for (name, thread, from, to) in threads {
        let lasted = thread.join().unwrap();
        match lasted {
            None => assert!(to.is_zero(), "{name}: it does not end"),
            Some(lasted) => assert!(lasted >= from && lasted <= to, "{name}: after {lasted:?}"),
        }
    }
}

#[test]
fn ended_lease_reports_its_reason_to_the_handler() {
    let (server, ..) = serve();
    let answer = server.send(&ask("/why").authorization(bearer(json!({"sub": "alice", "exp": now() - 59}))));
    assert_eq!((answer.status, answer.text()), (200, "expired"));
}

/// Tests that every rule that admitted a request is part of its lease.
#[test]
fn stream_ends_when_an_enclosing_rule_no_longer_holds() {
    // S2
    let withdrawn = Arc::new(AtomicBool::new(false));
    let asked = Arc::clone(&withdrawn);
    let roles = ProvidedRoles::new(move |_: Id, _| {
        let withdrawn = asked.load(Ordering::SeqCst);
        async move { Ok(if withdrawn { Vec::new() } else { vec!["editor".to_owned()] }) }
    });
    let auth = bearer_only().roles_from(roles).build().unwrap();
    let server = Server::start(move |config: &mut ServiceConfig| {
        let inside = |path: &str| actix_web::web::scope(path).service(known).service(open);
        let one = guarded(rule!(role("editor")), inside("/one"));
        let two =
            guarded(rule!(authenticated), actix_web::web::scope("/two").service(auth.scope("/in").service(known)));
        let plain = actix_web::web::scope("/three").service(auth.scope("/in").service(known).service(open));
        let three = guarded(rule!(role("editor")), plain);
        config.service(auth.scope("").service(one).service(two).service(three));
    });
    let most = Duration::from_secs(5);
    #[rustfmt::skip]
    let table = [
        ("/one/known", true), ("/one/open", true), ("/two/in/known", false), ("/three/in/known", true), ("/three/in/open", true),
    ];
    for (path, ends) in table {
        withdrawn.store(false, Ordering::SeqCst);
        let then = || withdrawn.store(true, Ordering::SeqCst);
        let lasted = lasts(&server, path, json!({"sub": "alice"}), most, then);
        assert_eq!(lasted.is_some(), ends, "{path}: {lasted:?}");
    }
}

/// Tests that the rules of all scopes around a handler are part of its lease, in every position (P38).
#[test]
fn stream_ends_when_a_scope_rule_no_longer_holds() {
    #[rustfmt::skip]
    let table = [
        ("/own/known", true), ("/own/open", true), ("/outer/in/known", true), ("/inner/in/known", true), ("/other/in/known", true),
        ("/unrelated/known", false),
    ];
    let threads = table.map(|(path, ends)| {
        std::thread::spawn(move || {
            let withdrawn = Arc::new(AtomicBool::new(false));
            let build = || {
                let asked = Arc::clone(&withdrawn);
                let roles = ProvidedRoles::new(move |_: Id, _| {
                    let withdrawn = asked.load(Ordering::SeqCst);
                    async move { Ok(if withdrawn { Vec::new() } else { vec!["editor".to_owned()] }) }
                });
                bearer_only().roles_from(roles).build().unwrap()
            };
            let (auth, other) = (build(), build());
            let server = Server::start(move |config: &mut ServiceConfig| {
                let inside = || auth.scope("/in").service(known);
                let own = auth.scope("/own").require(rule!(role("editor"))).service(known).service(open);
                let outer = auth.scope("/outer").require(rule!(role("editor"))).service(inside());
                let inner = auth.scope("/inner").service(inside().require(rule!(role("editor"))));
                let of_other = other.scope("/other").require(rule!(role("editor"))).service(inside());
                let unrelated = auth.scope("/unrelated").require(rule!(authenticated)).service(known);
                config.service(own).service(outer).service(inner).service(of_other).service(unrelated);
            });
            let then = || withdrawn.store(true, Ordering::SeqCst);
            (path, ends, lasts(&server, path, json!({"sub": "alice"}), Duration::from_secs(5), then))
        })
    });
    for thread in threads {
        let (path, ends, lasted) = thread.join().unwrap();
        assert_eq!(lasted.is_some_and(|lasted| lasted < Duration::from_millis(2_500)), ends, "{path}: {lasted:?}");
    }
}
