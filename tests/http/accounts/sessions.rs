//! Tests of accounts of sessions.

use actix_web::HttpResponse;
use auth_actix::Session;
use auth_actix::session::{NewSession, Sessions};

use super::*;

#[public]
#[post("/log-in/{name}")]
async fn log_in(session: Session, name: Path<String>) -> actix_web::Result<HttpResponse> {
    Ok(HttpResponse::Ok().append_header(session.log_in(NewSession::user(name.as_str())).await?).finish())
}

#[require_auth]
#[post("/elsewhere")]
async fn elsewhere(session: Session) -> actix_web::Result<String> {
    Ok(session.log_out_elsewhere().await?.to_string())
}

fn serve_sessions(directory: &Directory) -> (Server, Auth) {
    let auth = builder().session(Sessions::memory()).accounts(directory.clone()).build().unwrap();
    let theirs = auth.clone();
    let server = Server::start(move |config: &mut ServiceConfig| {
        let scope =
            auth.scope("/a").service(profile).service(identity).service(front_page).service(sign_up).service(log_in);
        config.service(scope.service(elsewhere));
    });
    (server, theirs)
}

fn posted(path: &str) -> auth_tests::wire::Request {
    request("POST", &format!("/a{path}")).field("Sec-Fetch-Site", "same-origin").body("")
}

/// Returns the cookie of a new session.
fn session(server: &Server, name: &str) -> String {
    let answer = server.send(&posted(&format!("/log-in/{name}")));
    let set = answer.lines("set-cookie");
    let [line] = set.as_slice() else { panic!("{answer:?}") };
    line.split(';').next().unwrap().to_owned()
}

fn with(server: &Server, cookie: &str, path: &str) -> Answer {
    server.send(&ask(&format!("/a{path}")).field("Cookie", cookie).field("Sec-Fetch-Site", "same-origin"))
}

fn login(name: &str) -> String {
    format!("user:13:basic:reports:{name}")
}

#[test]
fn a_login_writes_the_account_into_the_session() {
    // ACCT-1, ACCT-8, ACCT-12, row 9c
    let directory = Directory::default();
    directory.set_key(&login("alice"), Row::Found(Party::member(1)));
    directory.set_key("account:member:1", Row::Found(Party::member(1)));
    let (server, _) = serve_sessions(&directory);
    let (alice, new) = (session(&server, "alice"), session(&server, "new"));
    assert_eq!(directory.calls(), ["find alice", "find new"], "a session creates no account");
    assert_eq!(told(&with(&server, &alice, "/me")), format!("account:member:1 account:member:1 {}", login("alice")));
    assert_eq!(directory.calls(), ["find 1"], "the session names the account");
    assert_eq!(told(&with(&server, &new, "/known")), "403 account-required");
    assert_eq!(directory.calls(), ["find new"]);
    // Another account has the login now. The session stays that of its account.
    directory.set_key(&login("alice"), Row::Found(Party::member(2)));
    assert_eq!(told(&with(&server, &alice, "/known")), "account:member:1");
    directory.set_key("account:member:1", Row::Suspended(Party::member(1)));
    assert_eq!(told(&with(&server, &alice, "/home")), "403 account-suspended");
    // The account is gone: the session has ended, and its cookie is deleted.
    directory.remove("account:member:1");
    let answer = with(&server, &alice, "/known");
    assert_eq!(told(&answer), "401 revoked-credentials");
    let answer = with(&server, &alice, "/home");
    assert_eq!(told(&answer), "none");
    assert!(answer.lines("set-cookie").iter().any(|line| line.contains("Max-Age=0")), "{answer:?}");
}

#[test]
fn a_suspended_account_cannot_log_in() {
    // ACCT-9, row 9b
    let directory = Directory::default();
    directory.set_key(&login("sue"), Row::Suspended(Party::member(1)));
    directory.set_key(&login("fails"), Row::Broken("fails"));
    let (server, _) = serve_sessions(&directory);
    for (name, expected) in [("sue", "403 account-suspended"), ("fails", "503 authentication-unavailable")] {
        let answer = server.send(&posted(&format!("/log-in/{name}")));
        assert_eq!(told(&answer), expected, "{name}");
        assert!(answer.lines("set-cookie").is_empty(), "{name}");
    }
}

#[test]
fn sessions_of_an_account_end_together() {
    // ACCT-11, ACCT-12
    let directory = Directory::default();
    let (server, auth) = serve_sessions(&directory);
    let before = session(&server, "alice");
    for key in [login("alice"), "account:member:1".to_owned()] {
        directory.set_key(&key, Row::Found(Party::member(1)));
    }
    let (phone, laptop) = (session(&server, "alice"), session(&server, "alice"));
    // Also one that began before the account existed.
    let answer = server.send(&posted("/elsewhere").field("Cookie", &phone));
    assert_eq!((answer.status, answer.text()), (200, "2"));
    for (cookie, status) in [(&before, 401), (&laptop, 401), (&phone, 200)] {
        assert_eq!(with(&server, cookie, "/known").status, status);
    }
    let id = AccountId::new("member", 1);
    actix_web::rt::System::new().block_on(auth.forget_account(&AccountId::new("merchant", 1))).unwrap();
    assert_eq!(with(&server, &phone, "/known").status, 200);
    actix_web::rt::System::new().block_on(auth.forget_account(&id)).unwrap();
    assert_eq!(with(&server, &phone, "/known").status, 401);
}
