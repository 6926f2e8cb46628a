//! Tests of accounts where a credential is verified outside of the decision of a handler: middleware, tickets, leases, and handlers
//! without a rule.

use actix_web::dev::Service as _;
use actix_web::{HttpMessage as _, HttpRequest, HttpResponse};
use auth_actix::PrincipalExt as _;
use auth_actix::jwt::Ticket;
use auth_actix::lease::Lease;

use super::*;

/// The identity of the caller in middleware.
struct Seen(String);

#[public]
#[get("/seen")]
async fn seen(request: HttpRequest) -> String {
    request.extensions().get::<Seen>().map_or_else(String::new, |seen| seen.0.clone())
}

#[require_auth]
#[post("/ticket")]
async fn issue_ticket(ticket: Ticket) -> String {
    ticket.into_string()
}

#[require_auth]
#[get("/events")]
async fn event_stream(me: Caller<Party>) -> HttpResponse {
    HttpResponse::Ok().content_type("text/event-stream").body(me.account_id().to_string())
}

#[require_auth]
#[get("/leased")]
async fn leased(lease: Lease) -> String {
    format!("{:?}", lease.every(Duration::from_secs(1)).await)
}

#[get("/unguarded")]
async fn unguarded(me: Option<Caller<Party>>) -> String {
    me.map_or_else(|| "none".to_owned(), |me| me.account_id().to_string())
}

fn start(directory: &Directory) -> Server {
    let auth = builder().bearer(jwt()).tickets().accounts(directory.clone()).build().unwrap();
    Server::start(move |config: &mut ServiceConfig| {
        let inner = auth.scope("").service(identity).service(seen).service(open_page).service(issue_ticket);
        let inner = inner.service(event_stream).service(leased);
        let noted = actix_web::web::scope("/a").app_data(auth.clone()).service(inner);
        let noted = noted.wrap_fn(|request, service| {
            let caller = request.principal().map_or_else(|| "none".to_owned(), |caller| caller.id().to_string());
            request.extensions_mut().insert(Seen(caller));
            service.call(request)
        });
        config.service(noted.wrap(auth.identify()));
    })
}

#[test]
fn middleware_sees_the_account_that_the_rule_decides_with() {
    // ACCT-7, ACCT-8
    let directory = Directory::default();
    directory.set("alice", Row::Found(Party::member(1))).set("sue", Row::Suspended(Party::member(2)));
    directory.set("fails", Row::Broken("fails"));
    let server = start(&directory);
    let login = "login:user:18:https://id.example:new";
    #[rustfmt::skip]
    let table = [
        ("alice", "/seen",  "account:member:1"),
        ("alice", "/known", "account:member:1"),
        ("new",   "/seen",  login),
        ("new",   "/open",  login),
        ("new",   "/known", "403 account-required"),
        ("sue",   "/seen",  "none"),
        ("sue",   "/open",  "403 account-suspended"),
        ("sue",   "/known", "403 account-suspended"),
        ("fails", "/known", "503 authentication-unavailable"),
    ];
    for (name, path, expected) in table {
        assert_eq!(told(&send(&server, path, Some(&as_user(name)))), expected, "{name} {path}");
        let finds = directory.calls().iter().filter(|call| call.starts_with("find")).count();
        assert_eq!(finds, 1, "{name} {path}");
    }
}

#[test]
fn a_ticket_loads_the_account_of_its_token() {
    // ACCT-8, ACCT-14
    let directory = Directory::default();
    directory.set("alice", Row::Found(Party::member(1)));
    let auth = builder().bearer(jwt()).tickets().accounts(directory.clone()).build().unwrap();
    let server = Server::start(move |config: &mut ServiceConfig| {
        let identified = actix_web::web::scope("/b").wrap(auth.identify());
        config.service(auth.scope("/a").service(issue_ticket).service(event_stream));
        config.service(identified.service(auth.scope("").service(event_stream)));
    });
    let token = auth_tests::token::token(json!({}));
    let ticket = || {
        let answer = server.send(&request("POST", "/a/ticket").authorization(format!("Bearer {token}")).body(""));
        answer.text().to_owned()
    };
    let events = |scope: &str, ticket: &str| {
        let path = format!("{scope}/events?ticket={ticket}");
        told(&server.send(&ask(&path).field("Accept", "text/event-stream")))
    };
    assert_eq!(events("/a", &ticket()), "account:member:1");
    // The account is loaded when the ticket is used. A ticket is valid once, also if middleware identifies the caller first.
    for (row, expected) in super::failures::outcomes() {
        let tickets = [("/a", ticket()), ("/b", ticket())];
        match row {
            Some(row) => drop(directory.set("alice", row)),
            None => directory.remove("user:18:https://id.example:alice"),
        }
        for (scope, ticket) in tickets {
            assert_eq!(events(scope, &ticket), expected, "{scope}");
        }
        directory.set("alice", Row::Found(Party::member(1)));
    }
    let before = ticket();
    directory.log_out(&token);
    assert_eq!(events("/a", &before), "401 revoked-credentials", "the digest is that of the token");
}

#[test]
fn a_lease_ends_when_the_account_is_suspended_or_lost() {
    // ACCT-8, ACCT-13
    for row in [Some(Row::Suspended(Party::member(1))), Some(Row::Found(Party::member(2))), Some(Row::Revoked), None] {
        let directory = Directory::default();
        directory.set("alice", Row::Found(Party::member(1)));
        let server = start(&directory);
        let waiting = std::thread::scope(|scope| {
            let answer = scope.spawn(|| told(&send(&server, "/leased", Some(&as_user("alice")))));
            std::thread::sleep(Duration::from_millis(1500));
            assert!(!answer.is_finished(), "the lease lasts while the account is unchanged");
            match row.clone() {
                Some(row) => drop(directory.set("alice", row)),
                None => directory.remove("user:18:https://id.example:alice"),
            }
            answer.join().unwrap()
        });
        assert_eq!(waiting, "Withdrawn", "{}", row.is_some());
        assert!(!directory.calls().iter().any(|call| call.starts_with("provision")), "a lease creates no account");
    }
}

#[get("/unguarded-principal")]
async fn unguarded_principal(caller: Option<Principal>) -> String {
    caller.map_or_else(|| "none".to_owned(), |caller| caller.id().to_string())
}

#[get("/unguarded-caller")]
async fn unguarded_caller(me: Caller<Party>) -> String {
    me.account_id().to_string()
}

/// Serves handlers without a rule, perhaps behind middleware that identifies the caller.
fn without_rules(directory: &Directory, is_identified: bool) -> Server {
    let auth = builder().bearer(jwt()).accounts(directory.clone()).build().unwrap();
    Server::start(move |config: &mut ServiceConfig| {
        let scope = actix_web::web::scope("/a").app_data(auth.clone()).service(unguarded).service(unguarded_principal);
        let scope = scope.service(unguarded_caller);
        match is_identified {
            true => config.service(scope.wrap(auth.identify())),
            false => config.service(scope),
        };
    })
}

#[test]
fn handlers_without_a_rule_see_callers_who_pass_require_auth() {
    // ACCT-6
    let directory = Directory::default();
    directory.set("alice", Row::Found(Party::member(1))).set("sue", Row::Suspended(Party::member(2)));
    directory.set("rex", Row::Revoked).set("fails", Row::Broken("fails"));
    for is_identified in [false, true] {
        let server = without_rules(&directory, is_identified);
        #[rustfmt::skip]
        let table = [
            ("alice", ["account:member:1", "account:member:1", "account:member:1"]),
            ("new",   ["none", "none", "403 account-required"]),
            ("sue",   ["none", "none", "403 account-suspended"]),
            ("rex",   ["none", "none", "401 revoked-credentials"]),
            ("fails", ["none", "none", "503 authentication-unavailable"]),
        ];
        for (name, expected) in table {
            for (path, expected) in
                ["/unguarded", "/unguarded-principal", "/unguarded-caller"].into_iter().zip(expected)
            {
                let answer = send(&server, path, Some(&as_user(name)));
                assert_eq!(told(&answer), expected, "{name} {path}, identified: {is_identified}");
            }
        }
        assert_eq!(told(&send(&server, "/unguarded", None)), "none");
        assert_eq!(told(&send(&server, "/unguarded-principal", Some("Bearer x.y.z"))), "none");
    }
}

#[test]
fn the_first_hidden_credential_is_logged() {
    // ACCT-6
    auth_tests::logs::capture();
    let directory = Directory::default();
    directory.set("alice", Row::Found(Party::member(1)));
    let hidden = |line: &auth_tests::logs::Line| {
        line.level == tracing::Level::ERROR && line.field("message").contains("`Option` would hide that a credential")
    };
    let count = || auth_tests::logs::lines().iter().filter(|line| hidden(line)).count();
    let is_logged = |server: &Server, path: &str, token: Option<&str>| {
        // Other tests of this process may log the same line at the same time.
        (0..5).any(|_| {
            let before = count();
            send(server, path, token);
            count() > before
        })
    };
    for (path, token, expected) in [
        ("/unguarded", None, false),
        ("/unguarded", Some(as_user("alice")), false),
        ("/unguarded", Some(as_user("new")), true),
        ("/unguarded-principal", Some(as_user("new")), true),
        ("/unguarded-principal", Some("Bearer x.y.z".to_owned()), true),
    ] {
        let server = without_rules(&directory, false);
        let token = token.as_deref();
        assert!(is_logged(&server, path, token) || !expected, "{path} {token:?}");
    }
}
