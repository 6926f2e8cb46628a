//! Hand-made callers for tests of applications.
//!
//! Nothing in this module weakens a server. A hand-made principal is an extension of the request, which a request received from a
//! socket cannot contain. Test keys are accepted only by an [`Auth`](crate::Auth) that was built with them.

use std::any::Any;
use std::fmt;
use std::sync::Arc;

use actix_web::HttpMessage as _;
use auth_core::identity::issuer::{Confers, Form, Issuer, ListClaim, LoginPolicy, RoleTypes};
use auth_core::identity::rights::Rights;
use auth_core::identity::tenant::Tenant;
use auth_core::identity::vocabulary::NameKind;
use serde_json::{Map, Value, json};

use crate::adapter::CallerOverride;
use crate::auth::Auth;
use crate::identity::SchemeId;

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
#[derive(Clone)]
#[must_use]
pub struct Caller {
    issuer: Option<String>,
    scheme: SchemeId,
    claims: Map<String, Value>,
    names: Vec<(NameKind, String)>,
    ceiling: Option<Rights>,
    credential: Option<String>,
    tenant: Option<Tenant>,
    account: Option<Arc<dyn Any + Send + Sync>>,
}

/// Shows the caller without the account, which is data of the application.
impl fmt::Debug for Caller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Caller")
            .field("issuer", &self.issuer)
            .field("scheme", &self.scheme)
            .field("claims", &self.claims)
            .field("names", &self.names)
            .field("ceiling", &self.ceiling)
            .field("credential", &self.credential)
            .field("tenant", &self.tenant)
            .finish_non_exhaustive()
    }
}

impl Caller {
    /// Creates a user with this subject and a bearer token of the first configured issuer.
    pub fn user(subject: &str) -> Self {
        let claims = Map::from_iter([("sub".to_owned(), json!(subject))]);
        Self {
            issuer: None,
            scheme: SchemeId::Bearer,
            claims,
            names: Vec::new(),
            ceiling: None,
            credential: None,
            tenant: None,
            account: None,
        }
    }

    /// Sets the issuer.
    pub fn issuer(self, issuer: impl Into<String>) -> Self {
        Self { issuer: Some(issuer.into()), ..self }
    }

    /// Sets the scheme. Default: `Bearer`.
    pub fn scheme(self, scheme: SchemeId) -> Self {
        Self { scheme, ..self }
    }

    /// Adds a role.
    pub fn role(self, name: impl fmt::Display) -> Self {
        self.with_name(NameKind::Role, name)
    }

    /// Adds a permission.
    pub fn permission(self, name: impl fmt::Display) -> Self {
        self.with_name(NameKind::Permission, name)
    }

    /// Adds a scope.
    pub fn scope(self, name: impl fmt::Display) -> Self {
        self.with_name(NameKind::Scope, name)
    }

    /// Sets a claim, such as `auth_time`, `acr`, `act`, or a claim of the application.
    pub fn claim(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.claims.insert(name.into(), value.into());
        self
    }

    /// Sets the account, which must be of the type of [`AuthBuilder::accounts`](crate::AuthBuilder::accounts). Its id, its rights and
    /// its blocks are those of the provider, which is not asked for it. Without this method, the provider is asked.
    pub fn account(self, account: impl Any + Send + Sync) -> Self {
        Self { account: Some(Arc::new(account)), ..self }
    }

    /// Sets the credential: the name of a token source, or of a scheme of the application, as in `credential(…)` of rules. A token that
    /// the application issued has the rights of [`ceiling`](Self::ceiling), or the roles, permissions and scopes of this caller.
    pub fn credential(self, name: impl fmt::Display) -> Self {
        Self { credential: Some(name.to_string()), ..self }
    }

    /// Binds the credential to a tenant, in which its rights count.
    pub fn tenant(self, tenant: Tenant) -> Self {
        Self { tenant: Some(tenant), ..self }
    }

    /// Limits the credential to these rights. See [`PrincipalBuilder::ceiling`](crate::identity::PrincipalBuilder::ceiling).
    pub fn ceiling(self, ceiling: Rights) -> Self {
        Self { ceiling: Some(ceiling), ..self }
    }

    pub(crate) fn with_name(mut self, kind: NameKind, name: impl fmt::Display) -> Self {
        self.names.push((kind, name.to_string()));
        self
    }

    /// Returns the principal of this caller, for a test that calls a handler directly. It belongs to no application, so it is
    /// unaffected by the grants of roles and by what issuers confer, and has no account, because only the provider of an application
    /// knows its id and its rights.
    pub fn principal(self) -> crate::Principal {
        let list = |kind, name: &str| ListClaim::new(kind, Form::Array, vec![name.to_owned()]);
        let source = Issuer {
            issuer: self.issuer.as_deref().unwrap_or("test").into(),
            scheme: self.scheme,
            confers: Confers::everything(),
            lists: vec![
                list(NameKind::Role, "roles"),
                list(NameKind::Permission, "permissions"),
                list(NameKind::Scope, "scope"),
            ],
            has_claims: matches!(self.scheme, SchemeId::Bearer | SchemeId::Dpop | SchemeId::Session),
            tenancy: Default::default(),
            all_scopes: false,
            login: Default::default(),
            roles: RoleTypes::default(),
        };
        self.of(&Arc::new(source)).into()
    }

    /// Returns the principal of this caller as the application sees it, with its account: for conditions and policies that read the account,
    /// as in `assert_visible`. Without [`account`](Self::account), the provider of accounts is asked.
    ///
    /// ```
    /// # actix_web::rt::System::new().block_on(async {
    /// use auth_actix::identity::{AccountId, Accounts, Login, Lookup};
    /// use auth_actix::{Auth, Jwt, test};
    ///
    /// struct Member { id: u64 }
    ///
    /// struct Members;
    ///
    /// impl Accounts for Members {
    ///     type Account = Member;
    ///     type Error = std::convert::Infallible;
    ///     const KINDS: &'static [&'static str] = &["member"];
    ///
    ///     async fn find(&self, _: &Login<'_>) -> Result<Lookup<Member>, std::convert::Infallible> { Ok(Lookup::NotFound) }
    ///     fn account_id(&self, member: &Member) -> AccountId { AccountId::new("member", member.id) }
    /// }
    ///
    /// let auth = Auth::builder().bearer(Jwt::hs256([7; 32]).issuer("a").audience("b")).accounts(Members).build().unwrap();
    /// let caller = test::Caller::user("alice").account(Member { id: 7 }).principal_of(&auth).await;
    /// assert_eq!(caller.account::<Member>().map(|member| member.id), Some(7));
    /// # });
    /// ```
    ///
    /// # Panics
    /// The application does not accept the issuer, the scheme or the credential of this caller, or the account is suspended, blocked or
    /// unavailable.
    #[allow(clippy::expect_used, reason = "for tests, where a panic is the report")]
    pub async fn principal_of(self, auth: &Auth) -> crate::Principal {
        let principal = self.among(auth.engine().sources());
        let loaded = auth.engine().account_of(principal, None).await;
        loaded.expect("the application must accept the account of the `Caller`").into()
    }

    /// Returns the request as sent by this caller. Every rule is decided as for a verified credential with these contents, limited
    /// to what its issuer confers, with the permissions that its roles grant.
    pub fn call(self, request: actix_http::Request) -> actix_http::Request {
        let caller = move |sources: &[Arc<Issuer>]| self.among(sources);
        request.extensions_mut().insert(CallerOverride(Box::new(caller)));
        request
    }

    /// Returns the principal for the issuer that this caller names.
    #[allow(clippy::expect_used, reason = "for tests, where a panic is the report")]
    fn among(&self, sources: &[Arc<Issuer>]) -> auth_core::Principal {
        let is_of = |source: &&Arc<Issuer>| match (&self.credential, &self.issuer) {
            (Some(name), _) => source.credential_kind() == Some(name),
            (None, Some(issuer)) => *source.issuer == **issuer,
            (None, None) => source.scheme == self.scheme,
        };
        let source = sources.iter().find(is_of);
        self.of(source.expect("the `Auth` must accept the issuer, the scheme or the credential of the `Caller`"))
    }

    /// Returns the principal for an issuer. Names are located in the claims where the issuer's credentials list them.
    #[allow(clippy::expect_used, reason = "for tests, where a panic is the report")]
    fn of(&self, source: &Arc<Issuer>) -> auth_core::Principal {
        let mut claims = self.claims(source, true);
        if source.scheme.is_of_own_tokens() && source.login.policy == LoginPolicy::OwnIdentity {
            // Such a token is a client.
            claims.insert("client_id".to_owned(), claims.get("sub").cloned().unwrap_or_default());
        }
        let claims = Value::Object(claims);
        let principal = auth_core::Principal::from_claims(Arc::clone(source), claims.to_string())
            .expect("the subject of a `Caller` must not be empty");
        let rights = self.ceiling.clone().or_else(|| source.scheme.is_of_own_tokens().then(|| self.rights()));
        let principal = principal.given_limits(rights, self.tenant.clone());
        match &self.account {
            Some(account) => principal.given_account(Arc::clone(account)),
            None => principal,
        }
    }

    /// Returns the roles, permissions and scopes.
    fn rights(&self) -> Rights {
        let of = |kind| self.names.iter().filter(move |(of, _)| *of == kind).map(|(_, name)| name);
        Rights::new().roles(of(NameKind::Role)).permissions(of(NameKind::Permission)).scopes(of(NameKind::Scope))
    }

    /// Returns the claims of this caller in a credential of the issuer. The roles are unknown unless `lists_roles` is true.
    #[allow(clippy::expect_used, reason = "for tests, where a panic is the report")]
    pub(crate) fn claims(&self, source: &Issuer, lists_roles: bool) -> Map<String, Value> {
        let mut claims = Value::Object(self.claims.clone());
        for list in source.lists.iter().filter(|list| lists_roles || list.kind != NameKind::Role) {
            // A name with the prefix of another list belongs in that list.
            let is_of_another = |name: &str| {
                let prefixed = source.lists.iter().filter(|other| other.kind == list.kind && !other.prefix.is_empty());
                list.prefix.is_empty() && prefixed.into_iter().any(|other| name.starts_with(&other.prefix))
            };
            let of_kind = self.names.iter().filter(|(kind, name)| *kind == list.kind && !is_of_another(name));
            let names: Vec<_> = of_kind.filter_map(|(_, name)| name.strip_prefix(&list.prefix)).collect();
            let place = list.path.iter().try_fold(&mut claims, |place, name| {
                Some(place.as_object_mut()?.entry(name).or_insert_with(|| json!({})))
            });
            *place.expect("a `.claim(…)` of the `Caller` must not replace an object that contains a list of names") =
                list.form.value(&names);
        }
        match claims {
            Value::Object(claims) => claims,
            _ => Map::new(),
        }
    }
}
