//! Tests of callers in arguments whose types the attributes do not see: aliases, generic parameters, and extractors of the application.

use std::pin::Pin;

use actix_web::dev::Payload;
use actix_web::{Either, Error, FromRequest, HttpRequest};

use super::*;

type Aliased = Option<Caller<Party>>;
type AliasedResult = Result<Caller<Party>, Error>;
type AliasedPair = (Option<Caller<Party>>, Option<Principal>);

/// An extractor of the application that ignores refusals.
struct Visitor(Option<u32>);

impl FromRequest for Visitor {
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Error>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let me = Caller::<Party>::from_request(request, payload);
        Box::pin(async move { Ok(Self(me.await.ok().map(|me| me.id))) })
    }
}

fn shown(id: Option<u32>) -> String {
    id.map_or_else(|| "none".to_owned(), |id| id.to_string())
}

#[public]
#[get("/alias")]
async fn alias(me: Aliased) -> String {
    shown(me.map(|me| me.id))
}

#[public]
#[get("/result")]
async fn result(me: Result<Caller<Party>, Error>) -> String {
    shown(me.ok().map(|me| me.id))
}

#[public]
#[get("/alias-of-result")]
async fn alias_of_result(me: AliasedResult) -> String {
    shown(me.ok().map(|me| me.id))
}

#[public]
#[get("/either")]
async fn either(me: Either<Caller<Party>, String>) -> String {
    match me {
        Either::Left(me) => shown(Some(me.id)),
        Either::Right(_) => shown(None),
    }
}

#[public]
#[get("/alias-of-pair")]
async fn alias_of_pair((me, _): AliasedPair) -> String {
    shown(me.map(|me| me.id))
}

#[public]
#[get("/nested")]
async fn nested((me,): (Option<(Caller<Party>, String)>,)) -> String {
    shown(me.map(|(me, _)| me.id))
}

#[public]
#[get("/visitor")]
async fn visitor(me: Visitor) -> String {
    shown(me.0)
}

#[public]
#[require(check(*number == 1))]
#[get("/checked/{number}")]
async fn checked(number: Path<u8>, me: Visitor) -> String {
    let _ = number;
    shown(me.0)
}

#[public]
async fn generic<T: FromRequest + Into<Id> + 'static>(me: T) -> String {
    shown(me.into().0)
}

struct Id(Option<u32>);

impl From<Visitor> for Id {
    fn from(Visitor(id): Visitor) -> Self {
        Self(id)
    }
}

#[test]
fn refused_credentials_are_refused_however_they_are_extracted() {
    // ACCT-6, ACCT-8, H1
    let directory = Directory::default();
    directory.set("alice", Row::Found(Party::member(1))).set("sue", Row::Suspended(Party::member(2)));
    directory.set("rex", Row::Revoked).set("fails", Row::Broken("fails"));
    let auth = builder().bearer(jwt()).accounts(directory.clone()).build().unwrap();
    let server = Server::start(move |config: &mut ServiceConfig| {
        let scope = auth.scope("/a").service(alias).service(result).service(alias_of_result).service(either);
        let scope = scope.service(alias_of_pair).service(nested).service(visitor).service(checked);
        config.service(scope.route("/generic", auth_actix::web::get().to(generic::<Visitor>)));
    });
    let paths =
        ["/alias", "/result", "/alias-of-result", "/either", "/alias-of-pair", "/nested", "/visitor", "/generic"];
    #[rustfmt::skip]
    let table: Vec<(Vec<String>, &str)> = vec![
        (vec![],                                         "none"),
        (vec![as_user("alice")],                         "1"),
        (vec![as_user("new")],                           "none"),
        (vec![as_user("sue")],                           "403 account-suspended"),
        (vec![as_user("rex")],                           "401 revoked-credentials"),
        (vec![as_user("fails")],                         "503 authentication-unavailable"),
        (vec!["Bearer x.y.z".to_owned()],                "401 invalid-credentials"),
        (vec![as_user("alice"), as_user("alice")],       "400 malformed-credentials"),
    ];
    for (lines, expected) in table {
        for path in paths.into_iter().chain(["/checked/1"]) {
            let request = lines.iter().fold(ask(&format!("/a{path}")), |request, line| request.authorization(line));
            assert_eq!(told(&server.send(&request)), expected, "{lines:?} {path}");
        }
    }
}
