//! For the tests of applications: callers of each kind, by hand or through the real path.
//!
//! Nothing here adds a way into a server: a principal by hand travels as an extension of a request that no bytes on a socket
//! can make, and keys are accepted only by an [`Auth`](crate::Auth) that was built with them.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use actix_web::{HttpMessage as _, HttpRequest};
use auth_core::source::{Confers, Form, ListClaim, RoleTypes, Source};
use auth_core::vocabulary::Kind;
use serde_json::{Map, Value, json};

use crate::Scheme;

/// A caller for a test.
///
/// ```
/// # actix_web::rt::System::new().block_on(async {
/// use actix_web::{App, get, test as actix};
/// use auth_actix::{Auth, Jwt, Principal, require_auth, test};
///
/// #[require_auth]
/// #[get("/me")]
/// async fn me(caller: Principal) -> String { caller.local_subject().into_owned() }
///
/// let auth = Auth::builder().bearer(Jwt::hs256([7; 32]).issuer("a").audience("b")).build().unwrap();
/// let app = actix::init_service(App::new().service(auth.scope("/api").service(me))).await;
/// let request = test::Caller::user("alice").role("admin").call(actix::TestRequest::get().uri("/api/me").to_request());
/// assert_eq!(actix::call_and_read_body(&app, request).await, "alice");
/// # });
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct Caller {
    issuer: String,
    scheme: Scheme,
    claims: Map<String, Value>,
    roles: RoleTypes,
}

impl Caller {
    /// A user of that subject, by a bearer token of the issuer `test`.
    pub fn user(subject: &str) -> Self {
        let claims = Map::from_iter([("sub".to_owned(), json!(subject))]);
        Self { issuer: "test".to_owned(), scheme: Scheme::Bearer, claims, roles: RoleTypes::default() }
    }

    /// Of that issuer instead.
    pub fn issuer(self, issuer: impl Into<String>) -> Self {
        Self { issuer: issuer.into(), ..self }
    }

    /// By that scheme instead.
    pub fn scheme(self, scheme: Scheme) -> Self {
        Self { scheme, ..self }
    }

    /// Who holds the role.
    pub fn role(self, name: impl fmt::Display) -> Self {
        self.listed("roles", name)
    }

    /// Who holds the permission.
    pub fn permission(self, name: impl fmt::Display) -> Self {
        self.listed("permissions", name)
    }

    /// Whose token carries the scope.
    pub fn scope(self, name: impl fmt::Display) -> Self {
        self.listed("scope", name)
    }

    /// Whose roles grant what this type says.
    pub fn grants_of<R: auth_core::vocabulary::RoleSet>(self) -> Self {
        self.roles.add(R::VOCABULARY);
        self
    }

    /// With that claim: `auth_time`, `acr`, `act`, or one of the application's own.
    pub fn claim(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.claims.insert(name.into(), value.into());
        self
    }

    fn listed(mut self, claim: &str, name: impl fmt::Display) -> Self {
        let list = self.claims.entry(claim).or_insert_with(|| json!([]));
        if let Value::Array(list) = list {
            list.push(json!(name.to_string()));
        }
        self
    }

    /// The principal that this caller is.
    ///
    /// # Panics
    /// The subject is empty.
    #[allow(clippy::expect_used, reason = "for tests, where a panic is the report")]
    pub fn principal(self) -> crate::Principal {
        let list = |kind, name: &str| ListClaim { kind, form: Form::Array, path: vec![name.to_owned()] };
        let source = Source {
            issuer: self.issuer.into(),
            scheme: self.scheme,
            confers: Confers::everything(),
            lists: vec![list(Kind::Role, "roles"), list(Kind::Permission, "permissions"), list(Kind::Scope, "scope")],
            has_claims: self.scheme == Scheme::Bearer,
            roles: self.roles,
        };
        let claims = Value::Object(self.claims).to_string();
        auth_core::Principal::from_claims(Arc::new(source), claims).expect("a subject that is not empty").into()
    }

    /// The request, as from this caller: every rule is decided as if a verified credential had said so.
    pub fn call(self, request: actix_http::Request) -> actix_http::Request {
        request.extensions_mut().insert(ByHand(self.principal()));
        request
    }
}

/// A private type: only [`Caller::call`] puts one into a request.
struct ByHand(crate::Principal);

pub(crate) fn by_hand(request: &HttpRequest) -> Option<auth_core::Principal> {
    request.extensions().get::<ByHand>().map(|by_hand| (*by_hand.0).clone())
}

/// Keys that end with the test, one for each issuer. An [`Auth`](crate::Auth) takes them with
/// [`test_keys`](crate::AuthBuilder::test_keys), in place of its own keys: all else about its tokens stays as configured.
#[cfg(feature = "jwt")]
#[derive(Clone, Default)]
pub struct Keys(Arc<Mutex<BTreeMap<String, [u8; 32]>>>);

#[cfg(feature = "jwt")]
impl Keys {
    /// No keys yet; each is made at random when an issuer is first named.
    pub fn new() -> Self {
        Self::default()
    }

    /// A token of that issuer for that audience, with these claims besides; good for an hour unless they say otherwise.
    ///
    /// # Panics
    /// The system gives no random numbers, or `claims` is no object.
    #[allow(clippy::expect_used, reason = "for tests, where a panic is the report")]
    pub fn token(&self, issuer: &str, audience: &str, claims: &Value) -> String {
        let expires = auth_core::clock::now().plus(std::time::Duration::from_secs(3600)).seconds();
        let mut all = json!({ "iss": issuer, "aud": audience, "sub": "alice", "exp": expires });
        let own = claims.as_object().expect("claims are an object");
        all.as_object_mut().into_iter().for_each(|all| all.extend(own.clone()));
        auth_core::scheme::bearer::sign_hs256(&self.secret(issuer), &all).expect("a signed token")
    }

    pub(crate) fn replace(&self, jwt: crate::Jwt) -> crate::Jwt {
        let secret = self.secret(jwt.name_of_issuer());
        jwt.with_only(crate::Key::secret(crate::Algorithm::HS256, secret))
    }

    #[allow(clippy::expect_used, reason = "for tests, where a panic is the report")]
    fn secret(&self, issuer: &str) -> [u8; 32] {
        let mut keys = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *keys.entry(issuer.to_owned()).or_insert_with(|| {
            let mut secret = [0; 32];
            getrandom::fill(&mut secret).expect("random numbers");
            secret
        })
    }
}

/// No key.
#[cfg(feature = "jwt")]
impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keys").finish_non_exhaustive()
    }
}
