//! Tests of HTTP Basic: the requirements of RFC 7617, a uniform response to all failures, and third-party clients.

use std::time::{Duration, Instant};

use actix_web::web::ServiceConfig;
use actix_web::{get, post};
use auth_actix::password::{
    Basic, HashError, PasswordAuthenticator, UserStore, UsersFile, UsersFileError, hash_password,
};
use auth_actix::throttle::Throttle;
use auth_actix::{Auth, Confers, Principal, require_auth, require_role};
use auth_tests::program;
use auth_tests::server::Server;
use auth_tests::token::{basic, basic_of, bearer, token};
use auth_tests::wire::{Answer, Connection, get, request};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use serde_json::json;

use crate::users::{PASSWORD, Staff};
use crate::{BASIC, BEARER, Role, bearer_with, denied, jwt};

#[require_auth]
#[get("/me")]
async fn me(caller: Principal) -> String {
    format!("{} {}", caller.id(), caller.has_role(Role::Editor))
}

#[require_auth]
#[post("/me")]
async fn change(body: String) -> String {
    body
}

#[require_role("editor")]
#[get("/editor")]
async fn editor() -> &'static str {
    "editor"
}

fn serving(auth: Auth) -> Server {
    Server::start(move |config: &mut ServiceConfig| {
        config.service(auth.scope("").service(me).service(change).service(editor));
    })
}

/// Disables throttling, which is tested in `throttle.rs`. Failures are rows of tables here.
fn alone(users: impl Into<PasswordAuthenticator>) -> Server {
    let users = users.into().throttle(Throttle::off());
    serving(Auth::builder().realm("reports").basic(users).roles::<Role>().build().unwrap())
}

fn beside_bearer(users: impl UserStore) -> Server {
    let users = PasswordAuthenticator::new(users).throttle(Throttle::off());
    let tokens = jwt().confers(Confers::everything());
    let auth = Auth::builder().realm("reports").bearer(tokens).basic(Basic::new(users).confers(Confers::everything()));
    serving(auth.roles::<Role>().build().unwrap())
}

#[test]
fn only_rfc_7617_basic_credentials_are_accepted() {
    let staff = Staff::default();
    let server = alone(staff.clone());
    let id = |name: &str| format!("user:13:basic:reports:{name}");
    let encoded = |text: &str| STANDARD.encode(text);
    let alice = encoded(&format!("alice:{PASSWORD}"));
    assert!(alice.ends_with('='), "the rows below need padding");
    let last = alice.trim_end_matches('=').len() - 1;
    let stray = alice.as_bytes()[last] + 1; // the same bytes for a lenient decoder
    let stray = format!("{}{}{}", &alice[..last], char::from(stray), &alice[last + 1..]);
    let of_length = |length: usize| basic_of(&[&b"a:"[..], &vec![b'x'; length - 2]].concat());
    #[rustfmt::skip]
    let table: Vec<(&str, String, Result<String, u16>, usize)> = vec![
        // BASIC-3: (case, the header value, the authenticated caller or the status, number of lookups)
        ("a password with colons and spaces", format!("Basic {alice}"), Ok(format!("{} true", id("alice"))), 1),
        ("a user without roles", basic("j\u{fc}rgen", PASSWORD), Ok(format!("{} false", id("j\u{fc}rgen"))), 1),
        ("an empty password", basic("alice", ""), Err(401), 1),
        ("an empty name", basic("", PASSWORD), Err(401), 1),
        ("nothing but the colon", basic("", ""), Err(401), 1),
        ("a colon at the end", basic("alice", &format!("{PASSWORD}:")), Err(401), 1),
        ("no colon", basic_of(b"alice"), Err(400), 0),
        // PWD-2: as received
        ("a space behind the password", basic("alice", &format!("{PASSWORD} ")), Err(401), 1),
        ("another case of the password", basic("alice", &PASSWORD.to_uppercase()), Err(401), 1),
        ("another case of the name", basic("Alice", PASSWORD), Err(401), 1),
        // HTTP-1, HTTP-2
        ("upper case", format!("BASIC {alice}"), Ok(format!("{} true", id("alice"))), 1),
        ("several spaces", format!("basic   {alice}"), Ok(format!("{} true", id("alice"))), 1),
        ("a tab", format!("Basic\t{alice}"), Err(400), 0),
        ("a second word", format!("Basic {alice} {alice}"), Err(400), 0),
        ("no credentials", "Basic".into(), Err(400), 0),
        // BASIC-2, BASIC-4
        ("Latin-1", basic_of(&[b"j\xfcrgen:", PASSWORD.as_bytes()].concat()), Err(400), 0),
        ("overlong UTF-8", basic_of(b"a\xc0\xba:b"), Err(400), 0),
        ("NUL in the name", basic_of(b"ali\0ce:x"), Err(400), 0),
        ("NUL in the password", basic_of(b"alice:x\0"), Err(400), 0),
        ("CR", basic_of(b"alice:x\ry"), Err(400), 0),
        ("LF", basic_of(b"alice\n:x"), Err(400), 0),
        ("DEL", basic_of(b"alice:\x7f"), Err(400), 0),
        // BASIC-5
        ("no padding", format!("Basic {}", STANDARD_NO_PAD.encode(format!("alice:{PASSWORD}"))), Err(400), 0),
        ("more padding", format!("Basic {alice}="), Err(400), 0),
        ("stray bits", format!("Basic {stray}"), Err(400), 0),
        ("base64url", format!("Basic {}", encoded("a:\u{ff}\u{7ff}>>>").replace('+', "-").replace('/', "_")), Err(400), 0),
        ("white space within", format!("Basic {} {}", &alice[..8], &alice[8..]), Err(400), 0),
        ("not encoded", format!("Basic alice:{PASSWORD}"), Err(400), 0),
        ("encoded twice", format!("Basic {}", encoded(&alice)), Err(400), 0),
        // BASIC-6, PWD-2
        ("1 KiB", of_length(1024), Err(401), 1),
        ("more than 1 KiB", of_length(1025), Err(400), 0),
        ("much more", of_length(60_000), Err(400), 0),
        // A scheme that is not accepted counts as no credential.
        ("a token", bearer(json!({})), Err(401), 0),
    ];
    let mut wrong = Vec::new();
    for (case, line, expected, looked_up) in table {
        let answer = server.send(&get("/me").authorization(&line));
        let seen = if answer.status == 200 { Ok(answer.text().to_owned()) } else { Err(answer.status) };
        let found = staff.counts().0;
        if (&seen, found) != (&expected, looked_up) {
            wrong.push(format!("{case}: {seen:?} after {found} look-ups, not {expected:?} after {looked_up}"));
            continue;
        }
        if let Err(status) = expected {
            let problem = if status == 400 { "malformed-credentials" } else { "invalid-credentials" };
            let problem = if looked_up == 0 && status == 401 { "missing-credentials" } else { problem };
            denied(case, &answer, status, problem, &[BASIC]);
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn unknown_user_and_wrong_password_are_indistinguishable() {
    // BASIC-8, BRUTE-2, T34
    let staff = Staff::default();
    let server = beside_bearer(staff.clone());
    let timed = |server: &Server, name: &str, password: &str| {
        let mut least: Option<(Duration, Answer)> = None;
        for _ in 0..3 {
            let start = Instant::now();
            let answer = server.send(&get("/me").authorization(basic(name, password))).without_date();
            let took = start.elapsed();
            least = least.into_iter().chain([(took, answer)]).min_by_key(|(took, _)| *took);
        }
        least.unwrap()
    };
    let wrong = timed(&server, "alice", "guess");
    assert_eq!(staff.counts(), (3, 0), "each a hash of the user's");
    // The password of the decoy is known here, and is still rejected.
    for password in ["guess", PASSWORD] {
        let unknown = timed(&server, "mallory", password);
        assert_eq!(staff.counts(), (3, 3), "each a hash of the decoy's");
        assert_eq!(unknown.1, wrong.1);
        let ratio = unknown.0.as_secs_f64() / wrong.0.as_secs_f64();
        assert!((0.2..5.0).contains(&ratio), "{:?} against {:?}", unknown.0, wrong.0);
    }
    denied("a wrong password", &wrong.1, 401, "invalid-credentials", &[BASIC, BEARER]);
    // The built-in decoys cost as much as the hashes that they replace.
    let file = format!("alice:{}:\n", hash_password(&PASSWORD.into()).unwrap());
    let server = alone(UsersFile::parse(&file).unwrap());
    let (wrong, unknown) = (timed(&server, "alice", "guess"), timed(&server, "mallory", "guess"));
    assert_eq!(unknown.1, wrong.1);
    let ratio = unknown.0.as_secs_f64() / wrong.0.as_secs_f64();
    assert!((0.2..5.0).contains(&ratio), "{:?} against {:?}", unknown.0, wrong.0);
}

#[test]
fn users_file_errors_name_the_line_without_quoting_it() {
    let hash = hash_password(&PASSWORD.into()).unwrap();
    let path = std::env::temp_dir().join(format!("auth-tests-users-{}", std::process::id()));
    std::fs::write(&path, format!("# staff\n\nalice:{hash}:admin, viewer\r\nvictor:{hash}:\n")).unwrap();
    let server = alone(UsersFile::open(&path).unwrap());
    std::fs::remove_file(&path).unwrap();
    let by = |path: &str, name: &str| server.send(&get(path).authorization(basic(name, PASSWORD)));
    assert_eq!(by("/editor", "alice").text(), "editor", "an admin is an editor");
    denied("no role", &by("/editor", "victor"), 403, "insufficient-permissions", &[]);
    assert!(matches!(UsersFile::open(&path), Err(UsersFileError::Read(_))));
    let cheap = hash.replace("m=19456", "m=1024");
    let other = hash.replace("t=2", "t=3");
    #[rustfmt::skip]
    let table = [
        ("two fields", format!("alice:{hash}"), "line 1 "),
        ("four fields", format!("alice:{hash}:a:b"), "line 1 "),
        ("no name", format!(":{hash}:a"), "line 1 "),
        ("a control character", format!("ali\tce:{hash}:a"), "line 1 "),
        ("a user twice", format!("alice:{hash}:\nbob:{hash}:\nalice:{hash}:admin"), "line 3 "),
        ("a password in place of its hash", "alice:s3cret:admin".to_owned(), "line 1 "),
        ("a hash that is too cheap", format!("\nalice:{cheap}:"), "line 2 "),
        ("another kind of hash", "alice:$2b$12$abcdefghijklmnopqrstuv:admin".to_owned(), "line 1 "),
        ("hashes of two costs", format!("alice:{hash}:\nbob:{other}:"), "line 2 "),
    ];
    for (case, text, line) in table {
        let error = UsersFile::parse(&text).unwrap_err();
        let shown = format!("{error} {error:?}");
        assert!(error.to_string().contains(line), "{case}: {error}");
        for secret in ["alice", "s3cret", "$argon2id$v=19$m=1", "$2b$", "admin"] {
            assert!(!shown.contains(secret), "{case}: {shown}"); // LOG-1
        }
    }
    assert_eq!(auth_actix::password::User::new(cheap).map(drop), Err(HashError::BelowMinimum));
}

#[test]
fn fetch_requests_get_no_basic_challenge_beside_bearer() {
    let (both, alone) = (beside_bearer(Staff::default()), alone(Staff::default()));
    let invalid = bearer_with("error=\"invalid_token\"");
    // (`Sec-Fetch-Mode`, whether the response may be shown to a user)
    for (mode, person) in [
        (None, true),
        (Some("navigate"), true),
        (Some("cors"), false),
        (Some("same-origin"), false),
        (Some("no-cors"), false),
        (Some("websocket"), false),
    ] {
        let asked = |path: &str| {
            let asked = mode.iter().fold(get(path), |request, mode| request.field("Sec-Fetch-Mode", mode));
            asked.field("Accept", "application/json")
        };
        let lines =
            |answer: Answer| answer.lines("www-authenticate").iter().map(|line| (*line).to_owned()).collect::<Vec<_>>();
        let expected = if person { vec![BEARER, BASIC] } else { vec![BEARER] };
        assert_eq!(lines(both.send(&asked("/me"))), expected, "{mode:?}");
        let expected = if person { vec![invalid.as_str(), BASIC] } else { vec![invalid.as_str()] };
        assert_eq!(lines(both.send(&asked("/me").authorization("Bearer x"))), expected, "{mode:?}");
        // HTTP-5: the challenge stays if no other scheme is accepted
        assert_eq!(lines(alone.send(&asked("/me"))), [BASIC], "{mode:?}");
    }
}

#[test]
fn curl_and_python_clients_understand_the_challenges() {
    // T18, T19. Each client gets a name and a password, and has to react to the challenges by itself.
    let server = beside_bearer(Staff::default());
    let url = format!("http://{}/editor", server.address);
    let user = |name: &str| format!("{name}:{PASSWORD}");
    let (alice, victor, token) = (user("alice"), user("victor"), token(json!({ "roles": ["editor"] })));
    let curl = |arguments: &[&str]| {
        let common = ["-s", "-o", "/dev/null", "-w", "%{http_code}", "--max-time", "30", "--noproxy", "*"];
        program::run("curl", &[&common, arguments, &[url.as_str()]].concat())
            .map(|output| String::from_utf8(output.stdout).unwrap())
    };
    #[rustfmt::skip]
    let table = [
        (vec![], "401"),
        (vec!["--anyauth", "-u", &alice], "200"),
        (vec!["--basic", "-u", &alice], "200"),
        (vec!["--anyauth", "-u", &victor], "403"),
        (vec!["--oauth2-bearer", &token], "200"),
        (vec!["--oauth2-bearer", "x"], "401"),
    ];
    for (arguments, expected) in table {
        let Some(status) = curl(&arguments) else { break };
        assert_eq!(status, expected, "{arguments:?}");
    }
    let script = r#"
import sys, urllib.request, urllib.error
url, name, password = sys.argv[1:]
manager = urllib.request.HTTPPasswordMgr()
manager.add_password("reports", url, name, password)
opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), urllib.request.HTTPBasicAuthHandler(manager))
try:
    print(opener.open(url, timeout=30).status)
except urllib.error.HTTPError as error:
    print(error.code)
"#;
    for (name, expected) in [("alice", "200"), ("victor", "403")] {
        let Some(output) = program::run("python3", &["-c", script, &url, name, PASSWORD]) else { break };
        let shown = String::from_utf8_lossy(&output.stdout);
        assert_eq!(shown.trim(), expected, "{name}: {}", String::from_utf8_lossy(&output.stderr));
    }
}

#[test]
fn password_verification_limits_concurrency_and_keeps_order() {
    // PWD-3, M8: requests beyond the queue limit get 503, and are never admitted
    let server = alone(PasswordAuthenticator::new(Staff::default()).max_concurrent_hashes(std::num::NonZeroUsize::MIN));
    let address = server.address;
    let askers: Vec<_> = (0..14)
        .map(|_| std::thread::spawn(move || get("/me").authorization(basic("alice", "guess")).send(address)))
        .collect();
    let mut seen = [0, 0];
    for asker in askers {
        let answer = asker.join().unwrap();
        match answer.status {
            401 => denied("a wrong password", &answer, 401, "invalid-credentials", &[BASIC]),
            _ => denied("too many", &answer, 503, "authentication-unavailable", &[]),
        }
        seen[usize::from(answer.status == 503)] += 1;
    }
    assert!(seen[0] >= 1 && seen[1] >= 14 - 9, "{seen:?}");
    // HTTP-17: pipelined, with responses that wait for a hash
    let mut connection = Connection::open(address);
    let turns = [Some("alice"), None, Some("j\u{fc}rgen"), None];
    let bytes = turns
        .map(|name| name.iter().fold(get("/me"), |request, name| request.authorization(basic(name, PASSWORD))).bytes());
    connection.send(&bytes.concat());
    for name in turns {
        let answer = connection.answer(false);
        match name {
            Some(name) => assert!(answer.text().contains(name), "{name}: {answer:?}"),
            None => denied("anonymous", &answer, 401, "missing-credentials", &[BASIC]),
        }
    }
    // M6: the body is not awaited while the password is verified, nor afterwards
    let mut connection = Connection::open(address);
    let line = basic("alice", "guess");
    let head = format!(
        "POST /me HTTP/1.1\r\nHost: localhost\r\nAuthorization: {line}\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n"
    );
    connection.send(head.as_bytes());
    denied("an endless body", &connection.answer(false), 401, "invalid-credentials", &[BASIC]);
    assert!(connection.closes_within(Duration::from_secs(2), b"1\r\na\r\n"), "still open");
    let granted = request("POST", "/me").authorization(basic("alice", PASSWORD)).body("all of it");
    assert_eq!(server.send(&granted).text(), "all of it");
}

#[test]
fn panicking_user_store_denies_access() {
    // LOG-6: 500 or 503, and the next request is served
    let server = alone(Staff::default());
    let broken = std::panic::catch_unwind(|| get("/me").authorization(basic("panic", PASSWORD)).send(server.address));
    assert_eq!(server.send(&get("/me").authorization(basic("alice", PASSWORD))).status, 200);
    let answer = broken.expect("closed without an answer");
    assert!(matches!(answer.status, 500 | 503), "{answer:?}");
}
