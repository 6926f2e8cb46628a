//! Tests of credentials that count as anonymous: the handler does not see them, and audit events and blocks do.

use std::sync::Mutex;

use actix_web::web::Path;
use auth_actix::audit::{Event, Sink};
use auth_actix::blocklist::Blocklist;
use auth_actix::{MaybePrincipal, Peer, public, require, require_network};

use super::*;

#[public]
#[get("/open")]
async fn get_open(caller: Option<Principal>) -> String {
    caller.map_or_else(|| "none".to_owned(), |caller| caller.id().to_string())
}

#[public]
#[get("/maybe")]
async fn get_maybe(caller: MaybePrincipal) -> &'static str {
    if matches!(caller, MaybePrincipal::Anonymous) { "anonymous" } else { "known" }
}

#[public]
#[require_network("127.0.0.0/8")]
#[get("/inside")]
async fn get_inside(caller: Option<Principal>) -> String {
    caller.map_or_else(|| "none".to_owned(), |caller| caller.id().to_string())
}

#[require(check(*number == 1))]
#[public]
#[get("/odd/{number}")]
async fn get_odd(number: Path<u8>, caller: Option<Principal>) -> String {
    let _ = number;
    caller.map_or_else(|| "none".to_owned(), |caller| caller.id().to_string())
}

/// Records the status, the subject and the cause of events.
#[derive(Clone, Default)]
struct Record(Arc<Mutex<Vec<(Option<u16>, Option<String>, Option<&'static str>)>>>);

impl Sink for Record {
    fn record(&self, event: &Event) {
        self.0.lock().unwrap().push((event.status, event.subject.clone(), event.cause));
    }
}

#[test]
fn events_and_blocks_keep_the_id_of_a_credential_that_counts_as_anonymous() {
    // RIGHTS-14, TOKEN-12
    let store = Counted::new();
    store.add("pat_here", |_| {});
    store.add("pat_elsewhere", |record| record.networks = Some(vec!["10.0.0.0/8".parse().unwrap()]));
    let (record, blocks) = (Record::default(), Blocklist::memory());
    let tokens = Tokens::named("keys").prefix("pat_").accept_unchecked().store(store);
    let auth = Auth::builder().tokens(tokens).client_address(Peer).hosts(["localhost"]).blocks(blocks.clone());
    let auth = auth.audit(record.clone()).audit_grants().build().unwrap();
    let server = Server::start(move |config: &mut ServiceConfig| {
        let scope = auth.scope("").service(get_open).service(get_maybe).service(get_inside).service(get_odd);
        config.service(scope.service(get_me));
    });
    let send = |path: &str, token: &str| {
        let request = if token.is_empty() { ask(path) } else { ask(path).authorization(format!("Bearer pat_{token}")) };
        let answer = server.send(&request);
        let told = if answer.status < 400 { answer.text().to_owned() } else { answer.status.to_string() };
        let events = std::mem::take(&mut *record.0.lock().unwrap());
        let [event] = events.as_slice() else { panic!("{path} {token}: {events:?}") };
        (told, event.clone())
    };
    const ID: &str = "client:10:token:keys:backup";
    let id = || Some(ID.to_owned());
    let uncounted = Some("the credential counted as anonymous");
    #[rustfmt::skip]
    let table = [
        ("/open",   "here",      ID,          (None, id(), None)),
        ("/open",   "elsewhere", "none",      (None, id(), uncounted)),
        ("/maybe",  "elsewhere", "anonymous", (None, id(), uncounted)),
        ("/inside", "elsewhere", "none",      (None, id(), uncounted)),
        ("/odd/1",  "elsewhere", "none",      (None, id(), uncounted)),
        ("/odd/2",  "elsewhere", "403",       (Some(403), id(), None)),
        ("/me",     "elsewhere", "403",       (Some(403), id(), None)),
        ("/open",   "",          "none",      (None, None, None)),
        ("/inside", "",          "none",      (None, None, Some("anonymous (by network or country)"))),
    ];
    for (path, token, expected, event) in table {
        assert_eq!(send(path, token), (expected.to_owned(), event), "{path} {token}");
    }
    blocks.add(format!("block subject {ID}").parse().unwrap()).unwrap();
    record.0.lock().unwrap().clear();
    for path in ["/open", "/maybe", "/inside", "/odd/1", "/me"] {
        let (told, (status, subject, _)) = send(path, "elsewhere");
        assert_eq!((told.as_str(), status, subject), ("403", Some(403), id()), "{path}");
    }
    // A blocked caller can omit the credential (L42).
    assert_eq!(send("/open", "").0, "none");
}
