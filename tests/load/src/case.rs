//! The benchmark cases by name: the request, the application, and the subjects that are compared.

use auth_actix::Auth;
use auth_actix::jwt::TokenCache;
use auth_core::client::csrf::CrossSite;
use auth_core::policy::decision::{Decision, Rules, decide};
use auth_core::policy::facts::{CallerFacts, Facts};
use auth_core::runtime::clock;
use auth_core::scheme::bearer::Bearer;

use crate::Outcome;
use crate::application::{Application, Body, Ceiling, Lookups};
use crate::handlers::{ByHand, one, thousand, usual};
use crate::issuer::{Algorithm, Claims};
use crate::objects;
use crate::subject::{self, Ask, Asked, Function, Handler, InRuntime, Shape, Subject, handler};

/// A subject of a measurement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Who {
    /// The application without any check, as the baseline.
    Bare,
    /// The application with a hand-written check.
    Hand,
    /// The application with a rule of this workspace.
    Guarded,
    /// Signature verification only.
    Raw,
}

impl Who {
    /// All subjects.
    pub const ALL: [Self; 4] = [Self::Bare, Self::Hand, Self::Guarded, Self::Raw];

    /// Returns the name on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Bare => "bare",
            Self::Hand => "hand",
            Self::Guarded => "guarded",
            Self::Raw => "raw",
        }
    }
}

/// A request and the application that answers it.
#[derive(Clone, Debug)]
pub struct Case {
    /// The name of the case.
    pub name: String,
    algorithm: Algorithm,
    part: Part,
    claims: fn() -> Claims,
    credential: Credential,
    /// The status of the guarded handler, and of the hand-written one.
    expected: (u16, u16),
    handler: Handler,
    shape: Shape,
    two_auths: bool,
    routes: usize,
    /// The number of tokens that are used in turn.
    tokens: usize,
    /// Whether verified tokens are cached.
    remembers: bool,
    /// Settings other than those of an issuer.
    application: Option<Application>,
}

/// The measured part of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    /// The whole call.
    Call,
    /// From a token to a decision, without a server.
    Decision,
}

/// The credential of the request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Credential {
    Good,
    /// Valid, but not read by the handler.
    Unread,
    None,
    /// Text in the form of a JWT without its content.
    Garbage,
    /// Not a token68.
    Malformed,
    /// More than 8 KiB.
    Oversized,
    BadSignature,
}

/// Maximum token size in cases with a long token, in bytes.
const LONG: usize = 64 * 1024;

impl Case {
    fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            algorithm: Algorithm::Hs256,
            part: Part::Call,
            claims: Claims::default,
            credential: Credential::Good,
            expected: (200, 200),
            handler: handler!(usual::role),
            shape: Shape::Scope(None),
            two_auths: false,
            routes: 1,
            tokens: 1,
            remembers: false,
            application: None,
        }
    }

    /// Returns all cases.
    pub fn all() -> Vec<Self> {
        let call = |name: &str| Self::new(name);
        let mut all = Vec::new();
        for algorithm in Algorithm::ALL {
            let name = algorithm.name();
            let principal = handler!(usual::role_and_principal);
            all.extend([
                Self { algorithm, ..Self::new(format!("call/{name}")) },
                Self { algorithm, handler: principal, ..Self::new(format!("call/{name} principal")) },
                Self { algorithm, part: Part::Decision, ..Self::new(format!("decision/{name}")) },
            ]);
        }
        all.extend([
            Self { shape: Shape::App, ..call("call/HS256 app_data") },
            Self { handler: handler!(usual::open), credential: Credential::Unread, ..call("public/token") },
            Self { handler: handler!(usual::open_to_known), ..call("public/token principal") },
            Self {
                handler: handler!(usual::open_to_known),
                credential: Credential::None,
                expected: (200, 401),
                ..call("public/no token principal")
            },
        ]);
        for algorithm in Algorithm::ALL {
            let (name, principal) = (algorithm.name(), handler!(usual::role_and_principal));
            let remembered = || Self { algorithm, remembers: true, ..Self::new("") };
            all.extend([
                Self { name: format!("remembered/{name}"), ..remembered() },
                Self { name: format!("remembered/{name} principal"), handler: principal, ..remembered() },
            ]);
        }
        let remembered = |name: &str| Self { algorithm: Algorithm::Rs256, remembers: true, ..Self::new(name) };
        all.extend([
            Self { shape: Shape::App, ..remembered("remembered/app_data") },
            Self { handler: handler!(usual::four_kinds), ..remembered("remembered/attributes/4 kinds") },
            Self { claims: || Claims::of_roles(100), ..remembered("remembered/roles/100") },
            Self { claims: || Claims::of_roles(1000), ..remembered("remembered/roles/1000") },
            Self { tokens: 1_000, ..remembered("remembered/tokens/1000") },
            Self { tokens: 100_000, algorithm: Algorithm::EdDsa, ..remembered("remembered/tokens/100000") },
        ]);
        let deny = |name: &str, credential, expected| Self { credential, expected, ..call(name) };
        let wrong_role =
            || Claims { roles: ["viewer", "editor", "audit"].map(str::to_owned).to_vec(), ..Claims::default() };
        let expired = || Claims { lifetime: -86_400, ..Claims::default() };
        all.extend([
            deny("deny/no token", Credential::None, (401, 401)),
            Self { shape: Shape::App, ..deny("deny/no token app_data", Credential::None, (401, 401)) },
            deny("deny/garbage", Credential::Garbage, (401, 401)),
            deny("deny/malformed", Credential::Malformed, (400, 401)),
            deny("deny/oversized", Credential::Oversized, (401, 401)),
            Self { claims: expired, ..deny("deny/expired", Credential::Good, (401, 401)) },
            Self { claims: wrong_role, ..deny("deny/wrong role", Credential::Good, (403, 403)) },
            deny("deny/bad signature", Credential::BadSignature, (401, 401)),
        ]);
        for algorithm in [Algorithm::Rs256, Algorithm::Es256] {
            let name = format!("deny/bad signature {}", algorithm.name());
            all.push(Self { algorithm, ..deny(&name, Credential::BadSignature, (401, 401)) });
        }
        all.extend([
            Self { claims: || Claims::of_size(4_000), ..call("size/4 kB") },
            Self { claims: || Claims::of_size(16_000), ..call("size/16 kB") },
            Self { claims: || Claims::of_size(4_000), ..remembered("remembered/size/4 kB") },
            Self { claims: || Claims::of_size(16_000), ..remembered("remembered/size/16 kB") },
            Self { claims: || Claims::of_roles(1), ..call("roles/1") },
            Self { claims: || Claims::of_roles(10), ..call("roles/10") },
            Self { claims: || Claims::of_roles(100), ..call("roles/100") },
            Self { claims: || Claims::of_roles(1000), ..call("roles/1000") },
            Self { handler: handler!(one::role), ..call("vocabulary/1") },
            Self { handler: handler!(thousand::role), ..call("vocabulary/1000") },
            Self {
                handler: handler!(thousand::role),
                claims: || Claims::of_roles(1000),
                ..call("vocabulary/1000 roles/1000")
            },
            Self { routes: 1, ..call("routes/1") },
            Self { routes: 10, ..call("routes/10") },
            Self { routes: 1000, ..call("routes/1000") },
            call("attributes/1"),
            Self { handler: handler!(usual::two_roles), ..call("attributes/2") },
            Self { handler: handler!(usual::four_roles), ..call("attributes/4") },
            Self { handler: handler!(usual::four_kinds), ..call("attributes/4 kinds") },
            Self { shape: Shape::Scope(Some(usual::editors)), ..call("attributes/1 and its scope's") },
            Self { shape: Shape::Nested(usual::viewers, usual::editors), ..call("attributes/1 and two scopes'") },
            Self {
                shape: Shape::Nested(usual::viewers, usual::editors),
                two_auths: true,
                ..call("attributes/1 and two scopes' of two Auths")
            },
        ]);
        all.extend(Self::of_applications());
        all
    }

    /// Returns the cases of own tokens, accounts, tenants, objects and lists.
    fn of_applications() -> Vec<Self> {
        let of = |name: &str, application| Self { remembers: true, application: Some(application), ..Self::new(name) };
        let (principal, account) = (handler!(usual::role_and_principal), handler!(usual::account));
        vec![
            of("own token/in memory", Application::OwnToken(Lookups::Memory)),
            of("own token/looked up", Application::OwnToken(Lookups::Each)),
            of("own token/cached", Application::OwnToken(Lookups::Cached)),
            Self { handler: principal, ..of("own token/cached principal", Application::OwnToken(Lookups::Cached)) },
            of("own token/account", Application::AccountToken(Ceiling::Everything)),
            of("own token/account with a ceiling", Application::AccountToken(Ceiling::Role)),
            Self { handler: account, ..of("account/cached", Application::Account) },
            Self { handler: handler!(usual::tenant), ..of("tenant/header", Application::Tenant) },
            Self { handler: handler!(objects::batch), ..of("objects/batch of 100", Application::Objects(Body::None)) },
            Self { handler: handler!(objects::body_key), ..of("objects/key in 1 kB", Application::Objects(Body::Key)) },
            Self { handler: handler!(objects::list), ..of("lists/five terms", Application::Objects(Body::None)) },
        ]
    }

    /// Returns a case with this number of routes.
    pub fn of_routes(routes: usize) -> Self {
        Self { routes, ..Self::new(format!("routes/{routes}")) }
    }

    /// Returns the case with this name.
    ///
    /// # Errors
    /// The name is unknown.
    pub fn named(name: &str) -> Outcome<Self> {
        let found = Self::all().into_iter().find(|case| case.name == name);
        Ok(found.ok_or_else(|| format!("no case is named {name:?}: `--list` shows them"))?)
    }

    /// Returns the token as it is sent.
    ///
    /// # Errors
    /// Key generation failed.
    pub fn token(&self) -> Outcome<String> {
        self.token_of(0)
    }

    /// Returns the token with this number, of those that are used in turn.
    fn token_of(&self, number: usize) -> Outcome<String> {
        let token = self.algorithm.issuer()?.token(&Claims { number, ..(self.claims)() })?;
        Ok(match self.credential {
            Credential::Good | Credential::Unread | Credential::None => token,
            Credential::Garbage => ["Z".repeat(200), "Y".repeat(200), "X".repeat(43)].join("."),
            Credential::Malformed => format!("{token} {token}"),
            Credential::Oversized => "Z".repeat(9 * 1024),
            Credential::BadSignature => {
                let (signed, signature) = token.rsplit_once('.').ok_or("no token")?;
                let first = if signature.starts_with('A') { 'B' } else { 'A' };
                format!("{signed}.{first}{}", signature.get(1..).unwrap_or_default())
            }
        })
    }

    /// Returns the application, and the token of its caller if it issues tokens.
    fn auth(&self, longest: Option<usize>) -> Outcome<(Auth, Option<String>)> {
        let jwt = self.algorithm.issuer()?.jwt()?;
        // Four times the number of tokens, so that none is evicted from its set of eight entries.
        let entries = (4 * self.tokens).max(10_000);
        let cache = TokenCache::new().entries(entries).bytes(entries * 16 * 1024).secrets();
        let cache = if self.remembers { cache } else { TokenCache::off() };
        let jwt = longest.into_iter().fold(jwt, auth_actix::Jwt::max_token_size);
        let builder = Auth::builder().bearer(jwt).token_cache(cache);
        match self.application {
            Some(application) => application.build(builder),
            None => Ok((builder.build()?, None)),
        }
    }

    /// Returns a subject of this case, ready to be measured, or `None` if there is nothing to measure.
    ///
    /// # Errors
    /// A part of the case cannot be created.
    pub fn subject(&self, who: Who) -> Outcome<Option<Box<dyn Subject>>> {
        // With several backends enabled by other crates, jsonwebtoken requires an explicit choice.
        let _ = jsonwebtoken::crypto::aws_lc::DEFAULT_PROVIDER.install_default();
        let (issuer, token) = (self.algorithm.issuer()?, self.token()?);
        let longest = (token.len() > 8 * 1024 && self.credential == Credential::Good).then_some(LONG);
        let mut authorization = Vec::new();
        for number in (0..self.tokens).filter(|_| self.credential != Credential::None) {
            authorization.push(format!("Bearer {}", self.token_of(number)?));
        }
        let (header, body) =
            (self.application.and_then(Application::header), self.application.and_then(Application::body));
        let ask = |expected| Ask::new(self.shape.path(), authorization, expected).beside(header).with_body(body);
        let subject: Box<dyn Subject> = match (self.part, who) {
            (_, Who::Raw | Who::Hand) if self.application.is_some() => return Ok(None),
            (_, Who::Raw) => {
                let verified = match self.credential {
                    Credential::Good => token,
                    Credential::BadSignature => {
                        let raw = issuer.raw(&token)?;
                        return Ok(Some(Box::new(Function(Box::new(move || !raw())))));
                    }
                    _ => return Ok(None),
                };
                Box::new(Function(issuer.raw(&verified)?))
            }
            (Part::Decision, Who::Bare) => return Ok(None),
            (Part::Decision, Who::Hand) => {
                let check = ByHand(issuer.by_hand());
                Box::new(Function(Box::new(move || check.decode(&token).is_some_and(|claims| claims.has("admin")))))
            }
            (Part::Decision, Who::Guarded) => {
                let bearer = Bearer::new(vec![issuer.jwt()?], None, &Default::default()).map_err(|(_, error)| error)?;
                Box::new(Function(Box::new(move || allows(&bearer, &token))))
            }
            (Part::Call, Who::Bare) => Box::new(Asked(subject::plain(self.shape, self.routes, None)?, ask(200))),
            (Part::Call, Who::Hand) => {
                let by_hand = Some(ByHand(issuer.by_hand()));
                Box::new(Asked(subject::plain(self.shape, self.routes, by_hand)?, ask(self.expected.1)))
            }
            (Part::Call, Who::Guarded) => {
                let (auth, issued) = self.auth(longest)?;
                let inner = if self.two_auths { self.auth(longest)?.0 } else { auth.clone() };
                let server = subject::guarded(self.shape, self.routes, self.handler, &auth, &inner)?;
                let mut ask = ask(self.expected.0);
                ask.replace_credential(issued.map(|token| format!("Bearer {token}")));
                let asked = Box::new(Asked(server, ask));
                if self.application.is_some() { Box::new(InRuntime::new(asked)?) } else { asked }
            }
        };
        // Each token once, so that the measurement uses the cache.
        if self.remembers && matches!((self.part, who), (Part::Call, Who::Guarded)) {
            (0..self.tokens).try_for_each(|_| subject.run(&mut |work| work()))?;
        }
        Ok(Some(subject))
    }
}

/// Returns whether the token is valid and the decision is a grant.
fn allows(bearer: &Bearer, token: &str) -> bool {
    let now = clock::now();
    let Some(Ok(principal)) = bearer.verify(token, now) else { return false };
    let facts = Facts {
        set_up: None,
        now,
        client: None,
        country: None,
        refusal: None,
        cross_site: CrossSite::Passed,
        caller: CallerFacts::Known(&principal),
        sources: &[],
        checks: Default::default(),
        external: Default::default(),
    };
    decide(Rules { scopes: &[], handler: usual::admins() }, &facts) == Decision::Allow
}
