//! Endpoints at which callers list, issue and revoke their own tokens.

use actix_web::http::header::{CACHE_CONTROL, CONTENT_ENCODING, CONTENT_LENGTH};
use actix_web::{FromRequest, HttpMessage as _, HttpRequest, HttpResponse, web};
use auth_core::denial::{Denial, DenialResponse, Reason};
use auth_core::identity::account_id::AccountId;
use auth_core::policy::atom::{Atom, Direct, Login, MaxAge};
use auth_core::policy::rule::{ACCOUNT, CallerAccess, CompiledFormula, Formula, Literal, Rule, RuleTarget};
use auth_core::runtime::clock;
use auth_core::scheme::own_token::{ExposeSecret as _, ManagedTokens, TokenEndpoints, TokenSources};
use auth_core::store::tokens::{Owner, TokenId, TokenRequest, list_json};

use super::administration::{ask, is_valid, issue, revoke, source};
use super::issue_error::IssueError;
use super::new_token::NewToken;
use crate::auth::{Auth, AuthBuilder};
use crate::guard::{self, Guard, Guarded};
use crate::principal::Principal;
use crate::respond;
use crate::scope::{self, Scope};

const fn literal(atom: Atom, text: &'static str) -> Formula {
    Formula::Literal(Literal { atom, negated: false, text })
}

const LOGIN: Formula = literal(Atom::Login(Login), "login");
const DIRECT: Formula = literal(Atom::Direct(Direct), "direct");
const RECENT: Formula = literal(Atom::MaxAge(MaxAge { seconds: 15 * 60 }), "max_age(\"15m\")");

/// The rule of the list.
static LIST: Rule = Rule {
    terms: CompiledFormula::of(Formula::All(&[LOGIN, DIRECT, ACCOUNT])),
    text: "login && direct && account",
    target: RuleTarget::Other("the list of own tokens"),
    reads: CallerAccess::Caller,
    ..auth_core::policy::rule::PUBLIC
};

/// The rule of issue and revocation.
static CHANGE: Rule = Rule {
    terms: CompiledFormula::of(Formula::All(&[LOGIN, DIRECT, RECENT, ACCOUNT])),
    text: "login && direct && max_age(\"15m\") && account",
    target: RuleTarget::Other("issue and revocation of own tokens"),
    any_object: Some("the handler compares the owner of the token with the caller"),
    ..LIST
};

/// Guards the list.
struct ToList;

impl<A: FromRequest> Guard<A> for ToList {
    const RULE: &'static Rule = &LIST;
}

/// Guards issue and revocation.
struct ToChange;

impl<A: FromRequest> Guard<A> for ToChange {
    const RULE: &'static Rule = &CHANGE;
}

/// Maximum length of a request for a token in bytes.
const MAX_BODY_LENGTH: usize = 16 * 1024;

impl AuthBuilder {
    /// Sets the path of [`Auth::token_endpoints`], at which callers list, issue and revoke their own tokens.
    ///
    /// The tokens are those of the only source with [`for_accounts`](super::Tokens::for_accounts) and without
    /// [`login_sessions`](super::Tokens::login_sessions). Applications with several such sources write handlers that call
    /// [`Tokens::issue`](super::Tokens::issue).
    ///
    /// # Errors
    /// [`build`](Self::build) returns [`BuildError::TokenEndpoints`](crate::BuildError::TokenEndpoints) if the path is invalid, if there
    /// is not exactly one such source, or if its store cannot be changed.
    pub fn token_endpoints(self, path: impl Into<String>) -> Self {
        let path = path.into();
        let settings = move |tokens: &mut TokenSources| tokens.endpoints = Some(path);
        self.set("token_endpoints", |engine| engine.schemes.update(settings))
    }
}

impl Auth {
    /// Returns a scope with the endpoints at which callers list, issue and revoke their own tokens, at the path of
    /// [`AuthBuilder::token_endpoints`]. Register it like another scope.
    ///
    /// | request | rule | response |
    /// | --- | --- | --- |
    /// | `GET /tokens` | `login && direct` | 200, `{"tokens":[…]}` with the valid tokens, without secrets and digests |
    /// | `POST /tokens` | `login && direct && max_age("15m")` | 201, the token with its secret in `token` |
    /// | `DELETE /tokens/{id}` | `login && direct && max_age("15m")` | 204, or 404 if the caller has no such token. Revokes all tokens of the lineage. |
    ///
    /// Each rule also requires an account. Tokens are no logins, so that a token cannot issue a token. Requests with a cookie are
    /// subject to the cross-site check. The body of a request for a token is JSON of at most 16 KiB: `name` is required, and
    /// `expires_in` (seconds), `roles`, `permissions`, `scopes`, `tenants` and `networks` are optional. Each kind of names is a list, or
    /// `"all"`. A tenant is a list of pairs such as `["org","acme"]`, whose names are those of
    /// [`AuthBuilder::tenant`](crate::AuthBuilder::tenant). Times in responses are seconds since 1970.
    ///
    /// ```
    /// # use auth_actix::identity::{AccountId, Accounts, Login, Lookup, Rights};
    /// # struct Members;
    /// # impl Accounts for Members {
    /// #     type Account = ();
    /// #     type Error = std::convert::Infallible;
    /// #     const KINDS: &'static [&'static str] = &["member"];
    /// #     async fn find(&self, _: &Login<'_>) -> Result<Lookup<()>, Self::Error> { Ok(Lookup::NotFound) }
    /// #     fn account_id(&self, _: &()) -> AccountId { AccountId::new("member", 7) }
    /// # }
    /// use actix_web::App;
    /// use auth_actix::tokens::{MemoryTokenStore, Tokens};
    /// use auth_actix::{Auth, Confers, Jwt};
    ///
    /// let jwt = Jwt::hs256([7; 32]).issuer("https://id.example").audience("forum").confers(Confers::everything());
    /// let keys = Tokens::named("pat").prefix("pat_").store(MemoryTokenStore::new(10_000)).confers(Rights::everything());
    /// let auth = Auth::builder()
    ///     .bearer(jwt.logs_in())
    ///     .tokens(keys.for_accounts())
    ///     .accounts(Members)
    ///     .token_endpoints("/tokens")
    ///     .build()?;
    /// App::new().service(auth.token_endpoints());
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn token_endpoints(&self) -> Scope {
        let path = self.engine().part::<TokenEndpoints>().map_or("/tokens", |endpoints| &*endpoints.path);
        let scope = self.scope(path).route("", scope::get().to(list)).route("", scope::post().to(create));
        scope.route("/{id}", scope::delete().to(delete))
    }
}

/// The account of a caller, and the source of its tokens.
struct Context<'a> {
    auth: &'a Auth,
    tokens: ManagedTokens<'a>,
    account: &'a AccountId,
}

impl<'a> Context<'a> {
    fn of(caller: &'a Principal, request: &'a HttpRequest) -> Result<Self, IssueError> {
        let auth = guard::auth_of(request).ok_or(IssueError::SetUp("no `Auth` found"))?;
        let endpoints = auth.engine().part::<TokenEndpoints>();
        let endpoints = endpoints.ok_or(IssueError::SetUp("call `AuthBuilder::token_endpoints`"))?;
        let account = caller.account_id().ok_or(IssueError::SetUp("the rule of the endpoint requires an account"))?;
        Ok(Self { auth, tokens: source(auth, &endpoints.source)?, account })
    }

    fn owner(&self) -> Owner {
        Owner::Account(self.account.clone())
    }
}

async fn list(guarded: Guarded<ToList, (Principal, HttpRequest)>) -> HttpResponse {
    let (caller, request) = guarded.arguments;
    let listed = async {
        let context = Context::of(&caller, &request)?;
        let admin = context.tokens.admin().ok_or(IssueError::ReadOnly)?;
        let (records, now) = (ask(admin.list(&context.owner())).await?, clock::now());
        let valid = records.iter().filter(|record| is_valid(record, now));
        Ok(json(HttpResponse::Ok(), list_json(valid, context.tokens.default_ceiling())))
    };
    listed.await.unwrap_or_else(|error| refuse(&error, &request))
}

async fn create(guarded: Guarded<ToChange, (Principal, HttpRequest, web::Payload)>) -> HttpResponse {
    let (caller, request, payload) = guarded.arguments;
    let asked = match read(&request, payload).await {
        Ok(asked) => asked,
        Err(response) => return response,
    };
    let created = async {
        let Context { auth, tokens, account } = Context::of(&caller, &request)?;
        let new = NewToken::of_caller(&caller, account.clone(), auth.engine().id()).requested(asked);
        let issued = issue(auth, tokens, new).await?;
        let body = issued.record.to_json(tokens.default_ceiling(), Some(issued.secret.expose_secret()));
        Ok(json(HttpResponse::Created(), body))
    };
    created.await.unwrap_or_else(|error| refuse(&error, &request))
}

async fn delete(guarded: Guarded<ToChange, (Principal, HttpRequest, web::Path<String>)>) -> HttpResponse {
    let (caller, request, id) = guarded.arguments;
    let revoked = async {
        let context = Context::of(&caller, &request)?;
        let Context { auth, tokens, .. } = context;
        let admin = tokens.admin().ok_or(IssueError::ReadOnly)?;
        let id = id.parse::<TokenId>().map_err(|_| IssueError::UnknownToken)?;
        let own = ask(admin.find_by_id(&id)).await?.filter(|record| record.owner == context.owner());
        let is_revoked = revoke(auth, tokens, admin, &own.ok_or(IssueError::UnknownToken)?).await?;
        if is_revoked { Ok(HttpResponse::NoContent().finish()) } else { Err(IssueError::UnknownToken) }
    };
    revoked.await.unwrap_or_else(|error| refuse(&error, &request))
}

fn json(mut response: actix_web::HttpResponseBuilder, body: String) -> HttpResponse {
    response.insert_header((CACHE_CONTROL, "no-store")).content_type("application/json").body(body)
}

/// Returns the response to an error, in the format of denials.
fn refuse(error: &IssueError, request: &HttpRequest) -> HttpResponse {
    error.log();
    let unavailable = Denial::new(Reason::AuthenticationUnavailable(auth_core::denial::RetryAfter::seconds(5)));
    match (guard::auth_of(request), error) {
        (Some(auth), IssueError::Denied(denial)) => auth.responses().response(denial, request),
        (Some(auth), IssueError::Unavailable) => auth.responses().response(&unavailable, request),
        (Some(auth), _) => auth.responses().rendered(error.row(), None, request),
        (None, _) => respond::of_problem(error.row()),
    }
}

/// Reads the request for a token.
async fn read(request: &HttpRequest, payload: web::Payload) -> Result<TokenRequest, HttpResponse> {
    let render = |row| match guard::auth_of(request) {
        Some(auth) => auth.responses().rendered(row, None, request),
        None => respond::of_problem(row),
    };
    let length = request.headers().get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
    let is_utf8 = request.encoding().is_ok_and(|encoding| encoding.name() == "UTF-8");
    let is_plain = is_utf8 && !request.headers().contains_key(CONTENT_ENCODING);
    let unread = if !is_plain || !request.content_type().eq_ignore_ascii_case("application/json") {
        Some(DenialResponse::UNSUPPORTED_MEDIA_TYPE)
    } else if length.is_some_and(|length| length > MAX_BODY_LENGTH) {
        Some(DenialResponse::CONTENT_TOO_LARGE)
    } else {
        None
    };
    if let Some(row) = unread {
        return Err(respond::keeping(render(row), payload.into_inner()));
    }
    match payload.to_bytes_limited(MAX_BODY_LENGTH).await {
        Err(_) => Err(render(DenialResponse::CONTENT_TOO_LARGE)),
        Ok(body) => {
            let body = body.ok();
            let text = body.as_ref().and_then(|body| std::str::from_utf8(body).ok());
            text.and_then(TokenRequest::read).ok_or_else(|| render(DenialResponse::MALFORMED_REQUEST))
        }
    }
}
