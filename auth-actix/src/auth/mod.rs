//! [`Auth`] and its builder. Each wrong setting is a variant of [`BuildError`], so no request finds out.

mod build;
mod build_error;
mod builder;
mod describe;
#[cfg(feature = "jwt")]
mod dev;

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use auth_core::audit::Sink;
use auth_core::client::address::{AddressSource, Hosts};
use auth_core::client::country::Countries;
use auth_core::client::csrf::Origins;
use auth_core::identity::issuer::{RoleTypes, Source};
use auth_core::identity::scheme_id::Scheme;
use auth_core::identity::vocabulary::{Kind, Vocabulary};
use auth_core::oidc::protected_resource::Resource;
#[cfg(feature = "api-key")]
use auth_core::scheme::api_key;
#[cfg(feature = "basic")]
use auth_core::scheme::basic;
#[cfg(feature = "jwt")]
use auth_core::scheme::bearer::Bearer;
#[cfg(feature = "dpop")]
use auth_core::scheme::dpop;
#[cfg(feature = "session")]
use auth_core::scheme::session;
#[cfg(all(feature = "oidc", feature = "session"))]
use auth_core::scheme::session::oidc_login::RelyingParty;
#[cfg(feature = "jwt")]
use auth_core::scheme::ticket::Tickets;
#[cfg(feature = "blocks")]
use auth_core::store::blocklist::Blocks;
use auth_core::store::roles::RolesFrom;
#[cfg(feature = "session")]
use auth_core::store::users::Passwords;

pub use self::build_error::BuildError;
pub use self::builder::AuthBuilder;
use crate::custom_scheme::Prepared;
use crate::respond::Answers;

/// The authorization of an application: which credentials it accepts, and how it answers. Cheap to clone; make one, and
/// give each worker a clone.
///
/// ```
/// # fn main() -> std::io::Result<()> {
/// use actix_web::{App, get};
/// use auth_actix::{Auth, Jwt, require_auth};
///
/// #[require_auth]
/// #[get("/reports")]
/// async fn reports() -> &'static str { "all of them" }
///
/// let auth = Auth::builder()
///     .realm("reports")
///     .bearer(Jwt::hs256([7; 32]).issuer("https://id.example").audience("reports"))
///     .build()?;
/// let app = move || App::new().service(auth.scope("/api").service(reports));
/// # let _ = app;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Auth(Arc<Inner>);

struct Inner {
    answers: Answers,
    #[cfg(feature = "jwt")]
    bearer: Option<Bearer>,
    #[cfg(feature = "dpop")]
    proofs: Option<dpop::Verifier>,
    #[cfg(feature = "basic")]
    basic: Option<basic::Verifier>,
    #[cfg(feature = "api-key")]
    api_keys: Option<api_key::Verifier>,
    #[cfg(feature = "session")]
    sessions: Option<session::Verifier>,
    /// Where people log in at a provider.
    #[cfg(all(feature = "oidc", feature = "session"))]
    relying_party: Option<RelyingParty>,
    /// The users of the login form.
    #[cfg(feature = "session")]
    users: Option<Passwords>,
    /// The schemes of the application.
    own: Vec<Prepared>,
    /// Whether an `Authorization` line of a scheme that nobody here accepts is for somebody else.
    foreign_authorization: bool,
    /// The tickets that stand for tokens.
    #[cfg(feature = "jwt")]
    tickets: Option<Tickets>,
    /// The subprotocol behind whose name a page offers a token.
    #[cfg(feature = "jwt")]
    subprotocol: Option<String>,
    #[cfg(feature = "jwt")]
    cookie: Option<String>,
    sources: Vec<Arc<Source>>,
    /// Whether one of them has credentials that a browser sends by itself.
    ambient: bool,
    address: AddressSource,
    countries: Option<Countries>,
    #[cfg(feature = "blocks")]
    blocks: Option<Blocks>,
    hosts: Hosts,
    origins: Origins,
    sink: Option<Arc<dyn Sink>>,
    resource: Option<Resource>,
    /// The scopes that rules name, but for those of routes that hide.
    scopes: Mutex<BTreeSet<&'static str>>,
    tells_grants: bool,
    loopback_only: bool,
    /// The realm and the address of a session store that is in the memory of this process.
    in_memory: Option<(String, usize)>,
    /// Whether names in settings were looked for among those that are declared.
    names_checked: AtomicBool,
    told_of_proxy: AtomicBool,
    /// The role types whose grants count.
    roles: RoleTypes,
    /// Where roles come from that no credential carries.
    roles_from: Option<RolesFrom>,
    /// The vocabularies that were met so far, and which types are the same on purpose. Looked at when handlers are
    /// registered, never in a request.
    vocabularies: Mutex<Vec<&'static Vocabulary>>,
    same: Vec<(&'static Vocabulary, &'static Vocabulary)>,
}

/// The socket's peer is the client: there is no proxy. For [`AuthBuilder::client_address`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Peer;

impl Auth {
    /// Begins with no settings.
    pub fn builder() -> AuthBuilder {
        AuthBuilder::default()
    }

    pub(crate) fn answers(&self) -> &Answers {
        &self.0.answers
    }

    #[cfg(feature = "jwt")]
    pub(crate) fn verifier_of_tokens(&self) -> Option<&Bearer> {
        self.0.bearer.as_ref()
    }

    /// The longest bearer token that is looked at.
    pub(crate) fn longest_token(&self) -> usize {
        #[cfg(feature = "jwt")]
        return self.0.bearer.as_ref().map_or(0, Bearer::longest);
        #[cfg(not(feature = "jwt"))]
        0
    }

    #[cfg(feature = "dpop")]
    pub(crate) fn proofs(&self) -> Option<&dpop::Verifier> {
        self.0.proofs.as_ref()
    }

    #[cfg(feature = "basic")]
    pub(crate) fn verifier_of_passwords(&self) -> Option<&basic::Verifier> {
        self.0.basic.as_ref()
    }

    #[cfg(feature = "api-key")]
    pub(crate) fn api_keys(&self) -> Option<&api_key::Verifier> {
        self.0.api_keys.as_ref()
    }

    #[cfg(feature = "session")]
    pub(crate) fn sessions(&self) -> Option<&session::Verifier> {
        self.0.sessions.as_ref()
    }

    /// The header that API keys come in.
    pub(crate) fn api_key_header(&self) -> Option<&str> {
        #[cfg(feature = "api-key")]
        return self.0.api_keys.as_ref().map(api_key::Verifier::header);
        #[cfg(not(feature = "api-key"))]
        None
    }

    /// Whether credentials come in cookies.
    pub(crate) fn reads_cookies(&self) -> bool {
        #[cfg(feature = "session")]
        let sessions = self.0.sessions.is_some();
        #[cfg(not(feature = "session"))]
        let sessions = false;
        #[cfg(feature = "jwt")]
        let tokens = self.0.cookie.is_some();
        #[cfg(not(feature = "jwt"))]
        let tokens = false;
        sessions || tokens || self.0.own.iter().any(Prepared::is_ambient)
    }

    /// The cookie in which bearer tokens come.
    #[cfg(feature = "jwt")]
    pub(crate) fn token_cookie(&self) -> Option<&str> {
        self.0.cookie.as_deref()
    }

    /// Whether credentials are accepted that a browser sends by itself, whatever page asks it to.
    pub(crate) fn accepts_ambient(&self) -> bool {
        self.0.ambient
    }

    /// The schemes of the application.
    pub(crate) fn own(&self) -> &[Prepared] {
        &self.0.own
    }

    /// Whether a `Set-Cookie` line is of a session of ours.
    #[cfg_attr(not(feature = "session"), allow(unused_variables, reason = "there are none"))]
    pub(crate) fn sets_session(&self, line: &[u8]) -> bool {
        #[cfg(feature = "session")]
        return self.0.sessions.as_ref().is_some_and(|sessions| sessions.sets(line));
        #[cfg(not(feature = "session"))]
        false
    }

    #[cfg(all(feature = "oidc", feature = "session"))]
    pub(crate) fn relying_party(&self) -> Option<&RelyingParty> {
        self.0.relying_party.as_ref()
    }

    #[cfg(feature = "session")]
    pub(crate) fn users(&self) -> Option<&Passwords> {
        self.0.users.as_ref()
    }

    /// The tickets that stand for tokens.
    #[cfg(feature = "jwt")]
    pub(crate) fn given_tickets(&self) -> Option<&Tickets> {
        self.0.tickets.as_ref()
    }

    /// The subprotocol behind whose name a page offers a token.
    #[cfg(feature = "jwt")]
    pub(crate) fn subprotocol(&self) -> Option<&str> {
        self.0.subprotocol.as_deref()
    }

    /// Whether a credential may stand among the subprotocols.
    pub(crate) fn subprotocol_lines(&self) -> bool {
        #[cfg(feature = "jwt")]
        return self.0.subprotocol.is_some();
        #[cfg(not(feature = "jwt"))]
        false
    }

    /// Whether a credential may stand elsewhere than in `Authorization`.
    pub(crate) fn reads_other_lines(&self) -> bool {
        self.reads_cookies() || self.subprotocol_lines() || self.api_key_header().is_some() || !self.0.own.is_empty()
    }

    /// Whether a credential may stand elsewhere than in `Authorization`, in a header or in the address.
    pub(crate) fn reads_beside_authorization(&self) -> bool {
        #[cfg(feature = "jwt")]
        let tickets = self.0.tickets.is_some();
        #[cfg(not(feature = "jwt"))]
        let tickets = false;
        tickets || self.reads_other_lines()
    }

    /// Whether an answer may have to say how it was decided: by something that no shared cache looks at, or for a proof.
    pub(crate) fn marks_answers(&self) -> bool {
        #[cfg(feature = "dpop")]
        let proofs = self.0.proofs.is_some();
        #[cfg(not(feature = "dpop"))]
        let proofs = false;
        // A rule that names a network or a country does not start without an address.
        proofs || self.reads_beside_authorization() || self.0.address != AddressSource::Unset
    }

    /// Whether an `Authorization` line of a scheme that nobody here accepts counts as none.
    pub(crate) fn passes_foreign_authorization(&self) -> bool {
        self.0.foreign_authorization
    }

    /// The role types whose grants count.
    pub(crate) fn roles(&self) -> &RoleTypes {
        &self.0.roles
    }

    pub(crate) fn sources(&self) -> &[Arc<Source>] {
        &self.0.sources
    }

    pub(crate) fn address(&self) -> &AddressSource {
        &self.0.address
    }

    /// Where countries come from.
    pub(crate) fn countries(&self) -> Option<&Countries> {
        self.0.countries.as_ref()
    }

    /// Who is refused whatever a rule says.
    #[cfg(feature = "blocks")]
    pub(crate) fn blocks(&self) -> Option<&Blocks> {
        self.0.blocks.as_ref()
    }

    pub(crate) fn hosts(&self) -> &Hosts {
        &self.0.hosts
    }

    pub(crate) fn origins(&self) -> &Origins {
        &self.0.origins
    }

    /// Whether only this machine may ask, as keys or cookies are those of development.
    pub(crate) fn is_loopback_only(&self) -> bool {
        self.0.loopback_only
    }

    /// Whether this is the first time that a request shows a proxy which nobody declared.
    pub(crate) fn tell_of_proxy_once(&self) -> bool {
        !self.0.told_of_proxy.swap(true, Ordering::Relaxed)
    }

    /// What this server is called as a protected resource.
    pub(crate) fn resource(&self) -> Option<&Resource> {
        self.0.resource.as_ref()
    }

    /// The issuers that are asked for tokens: those whose name is an address.
    pub(crate) fn authorization_servers(&self) -> Vec<&str> {
        let of_tokens = self.0.sources.iter().filter(|source| source.scheme == Scheme::Bearer);
        of_tokens
            .map(|source| &*source.issuer)
            .filter(|issuer| issuer.starts_with("https://") || issuer.starts_with("http://"))
            .collect()
    }

    /// Takes note of a scope that the rule of a route names which does not hide.
    pub(crate) fn note_scope(&self, name: &'static str) {
        self.0.scopes.lock().unwrap_or_else(PoisonError::into_inner).insert(name);
    }

    /// The scopes that rules name.
    pub(crate) fn scopes_of_rules(&self) -> Vec<&'static str> {
        self.0.scopes.lock().unwrap_or_else(PoisonError::into_inner).iter().copied().collect()
    }

    /// Who is told of events.
    pub(crate) fn sink(&self) -> Option<&dyn Sink> {
        self.0.sink.as_deref()
    }

    /// Whether all grants are told.
    pub(crate) fn tells_grants(&self) -> bool {
        self.0.tells_grants
    }

    /// The version of the grants that are data.
    pub(crate) fn version_of_grants(&self) -> Option<String> {
        self.0.roles.version()
    }

    /// Who is asked for roles that no credential carries.
    pub(crate) fn roles_from(&self) -> Option<&RolesFrom> {
        self.0.roles_from.as_ref()
    }

    /// Whether both are clones of one.
    pub(crate) fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    /// Takes note of a vocabulary that a rule names. An earlier one that declares one of its names differently is a
    /// mistake: the name in a token would have two meanings.
    pub(crate) fn meet(&self, vocabulary: &'static Vocabulary) -> Result<(), (&'static str, &'static Vocabulary)> {
        let mut met = self.0.vocabularies.lock().unwrap_or_else(PoisonError::into_inner);
        if met.iter().any(|other| other.is(vocabulary)) {
            return Ok(());
        }
        let same = |other: &Vocabulary| {
            self.0.same.iter().any(|(a, b)| a.is(other) && b.is(vocabulary) || a.is(vocabulary) && b.is(other))
        };
        for other in met.iter().filter(|other| other.kind == vocabulary.kind && !same(other)) {
            if let Some((name, _)) = vocabulary.spelt.all().iter().find(|(name, _)| other.index_of(name).is_some()) {
                return Err((name, other));
            }
        }
        met.push(vocabulary);
        if vocabulary.kind == Kind::Role && !vocabulary.open && !self.0.roles.add(vocabulary) {
            tracing::error!(target: "auth_actix", "more than {} types of roles: the grants of `{}` do not count", RoleTypes::MOST, vocabulary.declared_in);
        }
        Ok(())
    }
}

/// The `Auth`s that handlers were registered with whose sessions are in the memory of this process.
static IN_MEMORY: Mutex<Vec<(std::sync::Weak<Inner>, String, usize)>> = Mutex::new(Vec::new());

impl Auth {
    /// Takes note that handlers are registered with it. A second one of its realm, with sessions of its own, is most likely one for
    /// each worker: then a session is known to one worker only.
    pub(crate) fn register(&self) {
        let Some((realm, address)) = &self.0.in_memory else { return };
        let mut known = IN_MEMORY.lock().unwrap_or_else(PoisonError::into_inner);
        known.retain(|(auth, ..)| auth.strong_count() > 0);
        if known.iter().any(|(auth, ..)| std::ptr::eq(auth.as_ptr(), Arc::as_ptr(&self.0))) {
            return;
        }
        if known.iter().any(|(_, other, store)| other == realm && store != address) {
            tracing::error!(
                target: "auth_actix", realm,
                "two `Auth`s of one realm keep sessions in memory, each its own: built in each worker? Build it before `HttpServer::new`, and clone it"
            );
        }
        known.push((Arc::downgrade(&self.0), realm.clone(), *address));
    }

    /// Logs a warning for each name in settings and files that no vocabulary declares. Runs once.
    pub(crate) fn check_names(&self) {
        if self.0.names_checked.swap(true, Ordering::Relaxed) {
            return;
        }
        let known = self.0.vocabularies.lock().unwrap_or_else(PoisonError::into_inner).clone();
        for (place, issuer, kind, names) in self.names_in_data() {
            let mut of_kind = known.iter().filter(|vocabulary| vocabulary.kind == kind).peekable();
            if of_kind.peek().is_none() || of_kind.clone().any(|vocabulary| vocabulary.open) {
                continue;
            }
            for name in names.iter().filter(|name| !of_kind.clone().any(|all| all.declares(name))) {
                let meant = of_kind.clone().find_map(|all| all.nearest(name));
                let help = meant.map(|meant| format!("; did you mean {meant:?}?")).unwrap_or_default();
                tracing::warn!(
                    target: "auth_actix", issuer,
                    "{place} the {} {}, which no type declares{help}", kind.word(), auth_core::denial::quoted(name)
                );
            }
        }
    }

    /// Returns names from settings and files: a phrase that introduces them, their issuer, their kind and the names.
    fn names_in_data(&self) -> Vec<(&'static str, &str, Kind, BTreeSet<String>)> {
        let mut all = Vec::new();
        for source in self.sources() {
            for kind in [Kind::Role, Kind::Permission, Kind::Scope] {
                let names = source.confers.listed(kind).map(str::to_owned).collect();
                all.push(("`.confers(…)` names", &*source.issuer, kind, names));
            }
        }
        // Those of Basic among them.
        #[cfg(feature = "session")]
        let users = self.0.users.as_ref();
        #[cfg(all(feature = "basic", not(feature = "session")))]
        let users = self.0.basic.as_ref().map(basic::Verifier::passwords);
        #[cfg(any(feature = "basic", feature = "session"))]
        all.extend(users.map(|users| ("a user has", "", Kind::Role, users.roles())));
        #[cfg(feature = "api-key")]
        if let Some(keys) = &self.0.api_keys {
            let issuer = &*keys.source().issuer;
            all.push(("an API key has", issuer, Kind::Role, keys.roles()));
            all.push(("an API key has", issuer, Kind::Scope, keys.scopes()));
        }
        all
    }
}

/// Says something at the start: in the log, or where there is none, to whoever started the server.
#[allow(clippy::print_stderr, reason = "nobody may be listening to the log")]
fn warn(what: &str) {
    tracing::warn!(target: "auth_actix", "{what}");
    if !tracing::dispatcher::has_been_set() {
        eprintln!("auth-actix: {what}");
    }
}

impl std::fmt::Debug for Auth {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let issuers = self.0.sources.iter().map(|source| &source.issuer);
        f.debug_tuple("Auth").field(&issuers.collect::<Vec<_>>()).finish()
    }
}
