//! Verification of an application's rules by real requests, two for each atom that decides.

use std::any::Any;
use std::fmt::{self, Write as _};
use std::sync::Arc;

use actix_http::Request;
use actix_service::{IntoServiceFactory, Service, ServiceFactory};
use actix_web::dev::{AppConfig, ServiceResponse};
use auth_core::engine::Observed;
use auth_core::matrix::{
    Case, CaseCaller, CaseOutcome, CaseRule, Cases, DeclaredNames, Expr, ExprLiteral, Fact, Matrix, RouteAccess,
};

use super::super::routing;
use super::outcome::{Outcome, Shown, obeyed};
use super::requests::{RouteRequests, Variation};
use super::senders::{AccountFactory, Sender};
use super::tenants::RequestTenants;
use crate::adapter;
use crate::auth::Auth;
use crate::respond::percent_encoded;
use crate::scope::Collected;
use crate::test::Keys;

/// Verifies the rules of an application by requests. For each route and each atom of its rule, it sends one request that is granted
/// because of the atom, and one that is denied because of it.
///
/// Each response must match the rule: a call of the handler, a check that runs, 401 with a challenge, 403, or 404 if the handler is
/// hidden. A request that satisfies the challenge of a denial (`scope`, `max_age`, `acr_values`) must be granted.
///
/// Each kind of credential that the application accepts is sent to each route. Tokens of providers are signed with `keys`, which the
/// application's `Auth` must accept ([`test_keys`](crate::AuthBuilder::test_keys)). All other credentials are those of [`Caller`]. A
/// credential that is bound to another tenant than that of the request must not count. Requests pass through the whole application, and
/// granted ones run the handler: give the application a separate database.
///
/// The headers that choose a tenant are sent. The roles and permissions of a caller are answered in place of the rights provider and of
/// the rights of accounts. So the application needs no memberships. For an application with accounts, use [`MatrixTest`], which creates
/// them.
///
/// Returns what no request could decide: the results of checks and of questions about objects, which depend on the application,
/// countries, tenants in subprotocols, and routes whose path cannot be generated. Test these separately.
///
/// ```
/// # actix_web::rt::System::new().block_on(async {
/// use actix_web::{App, get};
/// use auth_actix::{Auth, Jwt, Role, require, test};
///
/// #[derive(Role)]
/// enum Role { Admin }
///
/// #[require(role("admin") || claim("org", "acme"))]
/// #[get("/reports")]
/// async fn reports() -> &'static str { "all of them" }
///
/// let keys = test::Keys::new();
/// let tokens = Jwt::hs256([7; 32]).issuer("https://id.example").audience("reports");
/// let auth = Auth::builder().bearer(tokens).test_keys(&keys).build().unwrap();
/// let undecided = test::assert_matrix(&keys, App::new().service(auth.scope("/api").service(reports))).await;
/// assert!(undecided.is_empty());
/// # });
/// ```
///
/// [`Caller`]: crate::test::Caller
///
/// # Panics
/// A response does not match the rules.
pub async fn assert_matrix<R, S, B, E>(keys: &Keys, app: R) -> Vec<String>
where
    R: IntoServiceFactory<S, Request>,
    S: ServiceFactory<Request, Config = AppConfig, Response = ServiceResponse<B>, Error = E>,
    S::InitError: fmt::Debug,
    E: fmt::Debug,
{
    MatrixTest::new(keys).assert(app).await
}

/// Like [`assert_matrix`], with the rules of a matrix such as the reviewed one ([`Matrix::from_markdown`]). Routes that the matrix
/// does not contain are skipped. If `expected` is `None`, the application's own rules apply.
///
/// # Errors
/// The responses that do not match the matrix, one per line.
pub async fn verify_matrix<R, S, B, E>(keys: &Keys, app: R, expected: Option<&Matrix>) -> Result<Vec<String>, String>
where
    R: IntoServiceFactory<S, Request>,
    S: ServiceFactory<Request, Config = AppConfig, Response = ServiceResponse<B>, Error = E>,
    S::InitError: fmt::Debug,
    E: fmt::Debug,
{
    MatrixTest::new(keys).verify(app, expected).await
}

/// An [`assert_matrix`] for an application with accounts.
///
/// Callers with and without an account are sent to each route. The rights of an account are those that the rule distinguishes, in place
/// of [`Accounts::rights`](crate::identity::Accounts::rights).
///
/// ```
/// # actix_web::rt::System::new().block_on(async {
/// use actix_web::{App, get};
/// use auth_actix::identity::{AccountId, Accounts, Login, Lookup};
/// use auth_actix::{Auth, Caller, Jwt, require_auth, test};
///
/// struct Member { id: u64 }
/// struct Members;
///
/// impl Accounts for Members {
///     type Account = Member;
///     type Error = std::io::Error;
///     const KINDS: &'static [&'static str] = &["member"];
///
///     async fn find(&self, _: &Login<'_>) -> Result<Lookup<Member>, std::io::Error> { Ok(Lookup::NotFound) }
///     fn account_id(&self, member: &Member) -> AccountId { AccountId::new("member", member.id) }
/// }
///
/// #[require_auth]
/// #[get("/me")]
/// async fn me(member: Caller<Member>) -> String { member.id.to_string() }
///
/// let keys = test::Keys::new();
/// let tokens = Jwt::hs256([7; 32]).issuer("https://id.example").audience("forum");
/// let auth = Auth::builder().bearer(tokens).accounts(Members).test_keys(&keys).build().unwrap();
/// let app = App::new().service(auth.scope("/api").service(me));
/// let undecided = test::MatrixTest::new(&keys).account(|| Member { id: 1 }).assert(app).await;
/// assert_eq!(undecided, [] as [&str; 0]);
/// # });
/// ```
#[must_use]
pub struct MatrixTest<'a> {
    keys: &'a Keys,
    account: Option<Box<AccountFactory>>,
}

/// Shows whether callers have accounts. Redacts the keys.
impl fmt::Debug for MatrixTest<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MatrixTest").field("has_accounts", &self.account.is_some()).finish_non_exhaustive()
    }
}

impl<'a> MatrixTest<'a> {
    /// Creates a test without accounts.
    pub fn new(keys: &'a Keys) -> Self {
        Self { keys, account: None }
    }

    /// Sets the accounts of callers. They must be of the type of [`AuthBuilder::accounts`](crate::AuthBuilder::accounts), which is asked
    /// for their ids only.
    pub fn account<A: Any + Send + Sync>(self, account: impl Fn() -> A + 'static) -> Self {
        Self { account: Some(Box::new(move || Arc::new(account()))), ..self }
    }

    /// Verifies the rules of an application. See [`assert_matrix`].
    ///
    /// # Panics
    /// A response does not match the rules.
    pub async fn assert<R, S, B, E>(self, app: R) -> Vec<String>
    where
        R: IntoServiceFactory<S, Request>,
        S: ServiceFactory<Request, Config = AppConfig, Response = ServiceResponse<B>, Error = E>,
        S::InitError: fmt::Debug,
        E: fmt::Debug,
    {
        match self.verify(app, None).await {
            Ok(undecided) => undecided,
            #[allow(clippy::panic, reason = "for tests, where a panic is the report")]
            Err(wrong) => panic!("responses do not match the rules:\n{wrong}"),
        }
    }

    /// Verifies the rules of an application, or those of another matrix. See [`verify_matrix`].
    ///
    /// # Errors
    /// The responses that do not match the matrix, one per line.
    pub async fn verify<R, S, B, E>(self, app: R, expected: Option<&Matrix>) -> Result<Vec<String>, String>
    where
        R: IntoServiceFactory<S, Request>,
        S: ServiceFactory<Request, Config = AppConfig, Response = ServiceResponse<B>, Error = E>,
        S::InitError: fmt::Debug,
        E: fmt::Debug,
    {
        let (service, Collected { matrix, auths, .. }) = routing::started(app).await;
        if !matrix.has_one_meaning() {
            let why = "a name has different meanings in two types: no request can be generated for it";
            return Ok(vec![why.to_owned()]);
        }
        let mut report = Report::default();
        for (route, auth) in matrix.routes.iter().zip(&auths) {
            let same = |other: &&RouteAccess| {
                (&other.method, &other.path, &other.handler) == (&route.method, &route.path, &route.handler)
            };
            let (rules, words) = match expected {
                None => (Some(route), &matrix.words),
                Some(expected) => (expected.routes.iter().find(same), &expected.words),
            };
            let Some(rules) = rules else { continue };
            let name = format!("{} {}", route.method, route.path);
            match self.requests(route, auth.as_ref(), rules) {
                Ok(requests) => RouteTest { requests, name, rules, words }.run(&service, &mut report).await,
                Err(why) => report.undecided.push(format!("{name}: {why}")),
            }
        }
        if report.wrong.is_empty() { Ok(report.undecided) } else { Err(report.wrong) }
    }

    /// Returns the requests for a route.
    ///
    /// # Errors
    /// The reason why no request can decide about the route.
    fn requests<'r>(
        &'r self,
        route: &'r RouteAccess,
        auth: Option<&'r Auth>,
        rules: &RouteAccess,
    ) -> Result<RouteRequests<'r>, String> {
        let (Some(path), Some(auth), true) = (sample(&route.path), auth, routing::is_reachable(route)) else {
            return Err("no request is certain to reach this route".to_owned());
        };
        if auth.engine().is_open() {
            return Err("open mode has one caller".to_owned());
        }
        if Expr::read(&rules.rule).is_some_and(|tree| requires_reserved_claim(&tree, auth)) {
            return Err("the rule requires a claim that every token contains, or that lists names".to_owned());
        }
        let tenants = RequestTenants::of(&route.rule, auth, &route.path, &path);
        let tenants = tenants.map_err(|name| format!("the tenant {name} is located in a subprotocol"))?;
        let account = self.account.as_deref();
        Ok(RouteRequests { keys: self.keys, auth, account, route, path, tenants })
    }
}

/// The result of a test.
#[derive(Default)]
struct Report {
    /// The responses that do not match the rules.
    wrong: String,
    undecided: Vec<String>,
}

/// The requests for a route, and the rule that determines their results.
struct RouteTest<'a> {
    requests: RouteRequests<'a>,
    name: String,
    rules: &'a RouteAccess,
    words: &'a DeclaredNames,
}

impl RouteTest<'_> {
    async fn run<S, B>(&self, service: &S, report: &mut Report)
    where
        S: Service<Request, Response = ServiceResponse<B>, Error: fmt::Debug>,
    {
        let RouteRequests { auth, tenants, account, .. } = &self.requests;
        let senders = Sender::all(auth, tenants, account.is_some());
        let can_send = |caller: &CaseCaller| senders.iter().any(|sender| sender.can_be(caller, tenants));
        let rule = CaseRule::new(&self.rules.rule, self.words, self.rules.public);
        let Some(cases) = Cases::of(rule, &can_send) else {
            report.undecided.push(format!("{}: the rule distinguishes too many kinds of callers", self.name));
            return;
        };
        // If every accepted credential loads an account, only callers that the provider does not know lack one, and these are sent.
        let is_open = |atom: &&String| account.is_none() || **atom != Fact::Account.to_string();
        let undecided = cases.undecided.iter().filter(is_open);
        report.undecided.extend(undecided.map(|atom| format!("{}: {atom}", self.name)));
        let needs_account = auth.engine().sources().iter().any(|source| source.login.loads_account());
        if needs_account && account.is_none() {
            let why = "callers with an account, which `MatrixTest::account` creates";
            report.undecided.push(format!("{}: {why}", self.name));
        }
        for case in &cases.cases {
            let Some(caller) = &case.caller else {
                self.send(service, report, case, None).await;
                continue;
            };
            let able: Vec<_> = senders.iter().filter(|sender| sender.can_be(caller, tenants)).collect();
            let has_other = able.iter().any(|sender| !sender.is_last_resort);
            for sender in able.into_iter().filter(|sender| !(has_other && sender.is_last_resort)) {
                self.send(service, report, case, Some((sender, Variation::Unchanged))).await;
                if case.outcome == CaseOutcome::Granted && sender.can_be_bound_elsewhere(tenants) {
                    self.send(service, report, case, Some((sender, Variation::BoundElsewhere))).await;
                }
                let is_denied = matches!(case.outcome, CaseOutcome::Unauthenticated | CaseOutcome::Denied);
                if is_denied && sender.has_provider && caller.is_member_of.is_empty() && !tenants.named.is_empty() {
                    self.send(service, report, case, Some((sender, Variation::WithOtherRight))).await;
                }
                // The account of an own token must exist.
                let loads_account = sender.source.login.loads_account() && !sender.is_own_token();
                if loads_account && caller.is_login != Some(false) {
                    self.send(service, report, case, Some((sender, Variation::WithoutAccount))).await;
                }
            }
        }
    }

    /// Sends the request of a case, and compares the response.
    async fn send<S, B>(&self, service: &S, report: &mut Report, case: &Case, by: Option<(&Sender<'_>, Variation)>)
    where
        S: Service<Request, Response = ServiceResponse<B>, Error: fmt::Debug>,
    {
        let Some(expected) = self.expected(case, by) else { return };
        let request = |case: &Case| match (by, &case.caller) {
            (Some((sender, variation)), Some(caller)) => self.requests.by(sender, caller, &case.place, variation),
            _ => self.requests.anonymous(&case.place),
        };
        let Some(first) = request(case) else {
            report.undecided.push(format!("{}: no request can be generated for {}", self.name, Shown(case, by)));
            return;
        };
        let answer = call(service, first).await;
        let (found, expected) = (Outcome::of(&answer), Outcome::expected(expected, self.rules.not_found));
        if found != expected {
            let shown = Shown(case, by);
            let _ = writeln!(report.wrong, "{} as {shown}: expected {expected}, found {found}", self.name);
        }
        // A request that satisfies the challenge must be granted, unless the rule also depends on something undecided.
        let is_decided = !self.rules.rule.contains("check") && self.rules.objects.is_empty();
        let Some(obeyed) = obeyed(&answer, case).filter(|_| is_decided) else { return };
        let (Some(second), Some((sender, Variation::Unchanged))) = (request(&obeyed), by) else { return };
        let can_be = obeyed.caller.as_ref().is_some_and(|caller| sender.can_be(caller, &self.requests.tenants));
        if can_be && Outcome::of(&call(service, second).await) != Outcome::Called {
            let (obeyed, case) = (Shown(&obeyed, by), Shown(case, by));
            let _ = writeln!(report.wrong, "{} as {obeyed}: denied, but satisfies the challenge to {case}", self.name);
        }
    }

    /// Returns the expected result of the request. `None` if it depends on a check.
    fn expected(&self, case: &Case, by: Option<(&Sender<'_>, Variation)>) -> Option<CaseOutcome> {
        let Some((sender, variation)) = by else { return Some(case.outcome) };
        let needs_name = sender.is_limited() && self.rules.any_token.is_none();
        match (variation, case.outcome) {
            (Variation::BoundElsewhere, _) => case.uncounted,
            (Variation::WithoutAccount, _) => case.without_account,
            // Whether a check counts for a limited credential depends on its action.
            (_, CaseOutcome::Checked) if needs_name => None,
            (_, CaseOutcome::Granted) if needs_name && !case.is_by_name => case.uncounted,
            (Variation::Unchanged | Variation::WithOtherRight, outcome) => Some(outcome),
        }
    }
}

#[allow(clippy::expect_used, reason = "for tests, where a panic is the report")]
async fn call<S, B>(service: &S, request: Request) -> ServiceResponse<B>
where
    S: Service<Request, Response = ServiceResponse<B>, Error: fmt::Debug>,
{
    adapter::update(&request, |state| state.notes_mut().observed = Some(Observed::Nothing));
    service.call(request).await.expect("the application returns a response")
}

/// Returns whether the rule requires a claim that every token contains, or that lists names. No caller can be generated by such a
/// claim only.
fn requires_reserved_claim(tree: &Expr, auth: &Auth) -> bool {
    const NEEDED: [&str; 12] =
        ["iss", "sub", "aud", "exp", "nbf", "iat", "jti", "auth_time", "acr", "azp", "client_id", "act"];
    match tree {
        Expr::Literal(ExprLiteral { fact: Fact::Claim(name, _), .. }) => {
            // A nested claim is generated without siblings.
            let name =
                &name.strip_prefix('/').map_or(name.as_str(), |path| path.split('/').next().unwrap_or(path)).to_owned();
            let lists = auth.engine().sources().iter().flat_map(|source| &source.lists);
            NEEDED.contains(&name.as_str()) || lists.filter_map(|list| list.path.first()).any(|list| list == name)
        }
        Expr::Literal(_) => false,
        Expr::All(parts) | Expr::Any(parts) => parts.iter().any(|part| requires_reserved_claim(part, auth)),
    }
}

/// Returns a path that matches the pattern, percent-encoded. Returns `None` if none can be generated.
fn sample(pattern: &str) -> Option<String> {
    let is_known = pattern.starts_with('/') && !pattern.contains('…');
    is_known.then(|| routing::filled(pattern, "x")).flatten().map(|path| percent_encoded(&path))
}
