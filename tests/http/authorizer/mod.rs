//! Tests of `Authorizer`: decisions inside handlers, on objects whose keys no attribute can see.

mod tenants;
mod unchecked;
mod wrapped;

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use actix_web::http::StatusCode;
use actix_web::web::{Json, Path, Query, ServiceConfig};
use actix_web::{HttpResponse, ResponseError, get, post};
use auth_actix::list::ListFilter;
use auth_actix::object::{Denial, LoadContext, ObjectVisibility, PolicyContext, PolicyUnavailable, Unchecked};
use auth_actix::{Action, Allows, Auth, Authorized, Authorizer, Policy, Principal, Resource, public, require_auth};
use auth_tests::server::Server;
use auth_tests::token::bearer;
use auth_tests::wire::{Answer, Request, get as ask, request};
use serde_json::json;

use crate::{BEARER, bearer_only, denied};

/// The calls of loaders, and the keys in the last one.
#[derive(Clone, Default)]
pub(super) struct Loads(Arc<(AtomicUsize, AtomicUsize)>);

impl Loads {
    pub(super) fn add(&self, keys: usize) {
        self.0.0.fetch_add(1, Ordering::SeqCst);
        self.0.1.store(keys, Ordering::SeqCst);
    }

    pub(super) fn take(&self) -> (usize, usize) {
        (self.0.0.swap(0, Ordering::SeqCst), self.0.1.swap(0, Ordering::SeqCst))
    }
}

#[derive(Debug)]
struct Lost(u16);

impl std::fmt::Display for Lost {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SELECT secret FROM notes")
    }
}

impl ResponseError for Lost {
    fn status_code(&self) -> StatusCode {
        StatusCode::from_u16(self.0).unwrap()
    }

    fn error_response(&self) -> HttpResponse {
        HttpResponse::build(self.status_code()).body("SELECT secret FROM notes")
    }
}

/// A note. Those with an odd id belong to Alice, the others to Bob. Those above 10,000 do not exist.
struct Note(u64);

/// A page, like a note, whose existence is public. Page 1 is for everyone.
struct Page(u64);

#[derive(Action)]
struct Read;
#[derive(Action)]
struct Share;

fn is_of(caller: &Principal, id: u64) -> bool {
    caller.local_subject() == if id % 2 == 1 { "alice" } else { "bob" }
}

impl Resource for Note {
    type Key = u64;
    type Deps = Loads;
    type Error = Lost;
    const PATH: &'static str = "id";

    fn key(&self) -> u64 {
        self.0
    }

    async fn load(ids: &[u64], _: &LoadContext<'_>, loads: &Loads) -> Result<Vec<Self>, Lost> {
        loads.add(ids.len());
        match ids {
            [20_418] => return Err(Lost(418)),
            [20_503] => return Err(Lost(503)),
            [20_200] => return Err(Lost(200)),
            [20_001] => return Ok(vec![Self(1)]),
            [20_002] => return Ok(vec![Self(20_002), Self(20_002)]),
            _ => {}
        }
        // As a database does, in its own order.
        Ok(ids.iter().rev().filter(|id| **id <= 10_000).map(|id| Self(*id)).collect())
    }
}

impl Allows<Read> for Note {
    fn allows(&self, caller: &Principal) -> bool {
        is_of(caller, self.0)
    }
}

/// An engine that shares 1 and 3, is unavailable about 5, and answers about another object than 7.
impl Policy<Share> for Note {
    async fn allowed(notes: &[&Self], cx: &PolicyContext<'_>) -> Result<HashSet<u64>, PolicyUnavailable> {
        assert!(cx.caller.is_some_and(|caller| caller.local_subject() == "alice"));
        match notes {
            [Self(5)] => Err(PolicyUnavailable),
            [Self(7)] => Ok(HashSet::from([1])),
            _ => Ok(notes.iter().map(|note| note.0).filter(|id| [1, 3].contains(id)).collect()),
        }
    }
}

impl Resource for Page {
    type Key = u64;
    type Deps = Loads;
    type Error = actix_web::Error;
    const PATH: &'static str = "id";
    const EXISTENCE: ObjectVisibility = ObjectVisibility::Public;

    fn key(&self) -> u64 {
        self.0
    }

    async fn load(ids: &[u64], cx: &LoadContext<'_>, loads: &Loads) -> Result<Vec<Self>, actix_web::Error> {
        loads.add(ids.len() + 100 * usize::from(cx.caller.is_some()));
        Ok(ids.iter().filter(|id| **id <= 10_000).map(|id| Self(*id)).collect())
    }
}

impl Allows<Read> for Page {
    const ADMITS_ANONYMOUS: bool = true;

    fn allows(&self, caller: &Principal) -> bool {
        self.0 == 1 || is_of(caller, self.0)
    }

    fn allows_anonymous(&self) -> bool {
        self.0 == 1
    }
}

fn key<R: Resource>(id: &Path<String>) -> Result<Unchecked<R>, Denial> {
    Unchecked::from_text(id)
}

#[public]
#[get("/note/{key}")]
async fn get_note(id: Path<String>, may: Authorizer) -> Result<String, Denial> {
    Ok(may.object::<Note, Read>(key(&id)?).await?.0.to_string())
}

#[require_auth]
#[get("/shared/{key}")]
async fn get_shared(id: Path<String>, may: Authorizer) -> Result<String, Denial> {
    Ok(may.object::<Note, Share>(key(&id)?).await?.0.to_string())
}

#[public]
#[get("/page/{key}")]
async fn get_page(id: Path<String>, may: Authorizer) -> Result<String, Denial> {
    let page = may.object::<Page, Read>(key(&id)?).await?;
    Ok(format!("{} {}", page.0, may.principal().map_or("nobody".into(), |caller| caller.local_subject())))
}

/// Returns the objects of a batch, with the value that came with each, and marks those that are shared with the one before.
async fn batch<R: Allows<Read>>(
    may: &Authorizer,
    keys: Vec<Unchecked<R>>,
    show: impl Fn(&R) -> u64,
) -> Result<String, Denial> {
    let found = may.each::<R, Read, usize>(keys.into_iter().enumerate().map(|(at, key)| (key, at))).await?;
    let mut text = String::new();
    for (index, (object, at)) in found.iter().enumerate() {
        let is_shared = index > 0 && Arc::ptr_eq(object, &found[index - 1].0);
        text.push_str(&format!("{}@{at}{} ", show(object), if is_shared { "=" } else { "" }));
    }
    Ok(text)
}

#[public]
#[post("/notes")]
async fn post_notes(keys: Json<Vec<Unchecked<Note>>>, may: Authorizer) -> Result<String, Denial> {
    batch(&may, keys.into_inner(), |note| note.0).await
}

#[public]
#[post("/pages")]
async fn post_pages(keys: Json<Vec<Unchecked<Page>>>, may: Authorizer) -> Result<String, Denial> {
    batch(&may, keys.into_inner(), |page| page.0).await
}

#[derive(serde::Deserialize)]
struct Upto {
    most: u64,
}

#[public]
#[get("/filtered")]
async fn get_filtered(upto: Query<Upto>, may: Authorizer) -> Result<String, Denial> {
    let filter: ListFilter<Page, Read> = may.list()?;
    let mut pages: Vec<_> = (1..=upto.most).map(Page).collect();
    filter.retain(&mut pages);
    Ok(pages.iter().map(|page| format!("{} ", page.0)).collect())
}

#[public]
#[get("/own-notes")]
async fn get_own_notes(may: Authorizer) -> Result<String, Denial> {
    let mut notes = vec![Note(1), Note(2), Note(3)];
    may.list::<Note, Read>()?.retain(&mut notes);
    Ok(notes.iter().map(|note| format!("{} ", note.0)).collect())
}

fn start(build: impl FnOnce(auth_actix::AuthBuilder) -> auth_actix::AuthBuilder) -> (Server, Loads) {
    let loads = Loads::default();
    let auth: Auth = build(bearer_only().resource_deps(loads.clone())).build().unwrap();
    let server = Server::start(move |config: &mut ServiceConfig| {
        let scope = auth.scope("").service(get_note).service(get_shared).service(get_page).service(post_notes);
        config.service(scope.service(post_pages).service(get_filtered).service(get_own_notes));
    });
    (server, loads)
}

pub(super) fn by(request: Request, caller: Option<&str>) -> Request {
    match caller {
        Some(caller) => request.field("Authorization", bearer(json!({"sub": caller}))),
        None => request,
    }
}

pub(super) fn send(path: &str, body: &str) -> Request {
    request("POST", path).field("Content-Type", "application/json").body(body)
}

pub(super) fn found(answer: &Answer) -> String {
    match answer.status {
        200 => answer.text().trim().to_owned(),
        status => format!("{status} {}", answer.problem()),
    }
}

#[test]
fn objects_in_handlers_are_decided_like_those_of_rules() {
    // OBJ-7, OBJ-8, OBJ-12, OBJ-15
    let (server, loads) = start(|builder| builder);
    let (alice, missing) = (Some("alice"), "404 not-found");
    #[rustfmt::skip]
    let table = [
        // (path, caller, answer, loads, keys)
        ("/note/1",       alice, "1",                             1, 1),
        ("/note/2",       alice, missing,                         1, 1),
        ("/note/99999",   alice, missing,                         1, 1), // OBJ-8: as many calls
        ("/note/x",       alice, "400 malformed-key",             0, 0),
        ("/note/1",       None,  "401 missing-credentials",       0, 0), // the policy admits no anonymous callers
        ("/note/20418",   alice, "418 check-failed",              1, 1),
        ("/note/20503",   alice, "503 check-failed",              1, 1),
        ("/note/20200",   alice, "500 check-failed",              1, 1),
        ("/note/20001",   alice, "500 check-failed",              1, 1), // OBJ-9: not the object that was asked for
        ("/note/20002",   alice, "500 check-failed",              1, 1),
        ("/shared/3",     alice, "3",                             1, 1),
        ("/shared/9",     alice, missing,                         1, 1),
        ("/shared/5",     alice, "503 authorization-unavailable", 1, 1),
        ("/shared/7",     alice, "500 check-failed",              1, 1), // OBJ-9
        ("/page/1",       alice, "1 alice",                       1, 101),
        ("/page/2",       alice, "403 insufficient-permissions",  1, 101),
        ("/page/99999",   alice, missing,                         1, 101),
        ("/page/1",       None,  "1 nobody",                      1, 1),
        ("/page/2",       None,  "401 missing-credentials",       1, 1), // a login could help
        ("/page/99999",   None,  missing,                         1, 1),
    ];
    for (path, caller, expected, calls, keys) in table {
        let answer = server.send(&by(ask(path), caller));
        assert_eq!((found(&answer).as_str(), loads.take()), (expected, (calls, keys)), "{path} by {caller:?}");
        assert!(!answer.text().contains("SELECT"), "{path}: {answer:?}");
        if answer.status == 401 {
            denied(path, &answer, 401, "missing-credentials", &[BEARER]);
        }
    }
    // H4: a hidden object and a missing one get the same bytes.
    let bytes = |path: &str| {
        let answer = server.send(&by(ask(path), alice));
        (answer.status, answer.text().to_owned(), answer.lines("cache-control").len())
    };
    assert_eq!(bytes("/note/2"), bytes("/note/99999"));
}

#[test]
fn batches_are_loaded_once_and_answered_by_key() {
    // OBJ-9, OBJ-10, OBJ-11
    let (server, loads) = start(|builder| builder);
    let (alice, missing) = (Some("alice"), "404 not-found");
    let many =
        |count: u64| format!("[{}]", (0..count).map(|at| (2 * at + 1).to_string()).collect::<Vec<_>>().join(","));
    let thousand = server.send(&by(send("/notes", &many(1_000)), alice));
    assert_eq!((thousand.status, loads.take()), (200, (1, 1_000)));
    assert!(thousand.text().starts_with("1@0 3@1 5@2 ") && thousand.text().trim().ends_with("1999@999"));
    #[rustfmt::skip]
    let table = [
        // (path, body, caller, answer, loads, keys)
        ("/notes", "[7, 1, 3]".to_owned(),   alice, "7@0 1@1 3@2",                  1, 3),
        ("/notes", "[3, \"3\", 1]".into(),   alice, "3@0 3@1= 1@2",                 1, 2), // a repeated key is shared
        ("/notes", "[]".into(),              alice, "",                             0, 0),
        ("/notes", many(1_001),              alice, "400 batch-too-large",          0, 0),
        ("/notes", "[1, 2, 3]".into(),       alice, missing,                        1, 3), // one refusal refuses all
        ("/notes", "[1, 99999]".into(),      alice, missing,                        1, 2),
        ("/notes", "[1]".into(),             None,  "401 missing-credentials",      0, 0),
        ("/pages", "[1, 3]".into(),          alice, "1@0 3@1",                      1, 102),
        ("/pages", "[1, 2]".into(),          alice, "403 insufficient-permissions", 1, 102),
        ("/pages", "[2, 99999]".into(),      alice, missing,                        1, 102), // the 404 precedes the 403
        ("/pages", "[1]".into(),             None,  "1@0",                          1, 1),
        ("/pages", "[1, 2]".into(),          None,  "401 missing-credentials",      1, 2),
    ];
    for (path, body, caller, expected, calls, keys) in table {
        let answer = server.send(&by(send(path, &body), caller));
        let case = format!("{path} {} by {caller:?}", body.chars().take(30).collect::<String>());
        assert_eq!((found(&answer).as_str(), loads.take()), (expected, (calls, keys)), "{case}");
    }
}

#[test]
fn batch_limit_is_a_setting_and_not_zero() {
    // OBJ-10
    let (server, loads) = start(|builder| builder.batch_limit(2));
    let answer = server.send(&by(send("/notes", "[1, 1, 1]"), Some("alice")));
    assert_eq!((found(&answer).as_str(), loads.take()), ("400 batch-too-large", (0, 0)), "repeated keys count");
    let answer = server.send(&by(send("/notes", "[1, 3]"), Some("alice")));
    assert_eq!((answer.status, loads.take()), (200, (1, 2)));
    assert!(bearer_only().batch_limit(0).build().unwrap_err().to_string().contains(".batch_limit(0)"));
}

#[test]
fn lists_in_handlers_are_filtered_for_their_caller() {
    // LIST-1
    let (server, _) = start(|builder| builder);
    #[rustfmt::skip]
    let table = [
        ("/filtered?most=4", Some("alice"), "1 3"),
        ("/filtered?most=4", Some("bob"),   "1 2 4"),
        ("/filtered?most=4", None,          "1"),
        ("/own-notes",       Some("alice"), "1 3"),
        ("/own-notes",       None,          "401 missing-credentials"),
    ];
    for (path, caller, expected) in table {
        assert_eq!(found(&server.send(&by(ask(path), caller))), expected, "{path} by {caller:?}");
    }
}

/// Compiles only if authorizers and their answers can be used by other tasks and threads.
#[allow(dead_code, reason = "its compilation is the test")]
mod across_threads {
    use super::*;

    fn send_sync<T: Send + Sync + 'static>() {}

    fn types() {
        send_sync::<Authorizer>();
        send_sync::<Denial>();
        send_sync::<Unchecked<Note>>();
        send_sync::<Authorized<Note, Read>>();
        send_sync::<ListFilter<Note, Read>>();
    }

    #[allow(clippy::manual_async_fn, reason = "the signature is what is tested")]
    fn spawnable(may: Authorizer) -> impl Future<Output = Result<(), Denial>> + Send + 'static {
        async move {
            let list = may.list::<Note, Read>()?;
            may.object::<Note, Read>(Unchecked::from_text("7")?).await?;
            may.each::<Note, Share, ()>([(Unchecked::from_text("7")?, ())]).await?;
            drop(list);
            Ok(())
        }
    }

    #[allow(clippy::manual_async_fn, reason = "the signature is what is tested")]
    fn generic<A: Action>(may: Authorizer, key: Unchecked<Note>) -> impl Future<Output = ()> + Send + 'static
    where
        Note: Policy<A>,
    {
        async move {
            let _ = may.object::<Note, A>(key).await;
        }
    }
}
