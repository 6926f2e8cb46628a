//! Extraction and verification of tokens that the application issues.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use quick_cache::sync::Cache;

use super::format::has_token_syntax;
use super::source::{Place, Recognition, TokenSource, source_of};
use crate::client::RequestHead;
use crate::denial::{Denial, Reason, RetryAfter};
use crate::identity::account_id::AccountId;
use crate::identity::granted::{GrantedRights, RightsIn};
use crate::identity::issuer::Issuer;
use crate::identity::network::Network;
use crate::identity::principal::{Binding, Principal};
use crate::identity::rights::Rights;
use crate::identity::scheme_id::SchemeId;
use crate::identity::token_digest::TokenDigest;
use crate::identity::vocabulary::NameKind;
use crate::runtime::background_fetch::spawn;
use crate::runtime::clock::{self, Moment, Timestamp};
use crate::runtime::concurrency_limit::ConcurrencyLimit;
use crate::runtime::timeout;
use crate::scheme::{
    Authenticator, Authorization, ConfiguredNames, Credential, Extracted, RequestView, SyntaxError, Verification,
};
use crate::store::tokens::{ApiKeyFile, Owner, TokenId, TokenRecord, TokenStore};
use crate::store::unavailable::StoreUnavailable;

/// Maximum number of lookups at a time.
const MAX_LOOKUPS: usize = 64;
/// Number of tokens whose recent use is known.
const RECENTLY_USED: usize = 10_000;
/// Minimum time between two records of the use of a token (TOKEN-15).
const USE_INTERVAL: Duration = Duration::from_secs(60);

/// The authenticator of all token sources of an application.
pub(super) struct OwnTokens {
    sources: Vec<TokenSource>,
    issuers: Vec<Arc<Issuer>>,
    headers: Vec<String>,
    /// Whether other tokens in `Authorization: Bearer` belong to another scheme.
    leaves_bearer: bool,
    lookups: Arc<ConcurrencyLimit>,
    used: Cache<TokenId, Moment>,
}

impl OwnTokens {
    pub(super) fn new(sources: Vec<TokenSource>, leaves_bearer: bool) -> Self {
        let mut headers: Vec<_> = sources.iter().flat_map(|source| source.places.headers.iter().cloned()).collect();
        headers.sort();
        headers.dedup();
        let mut issuers = Vec::new();
        for source in &sources {
            let in_header = (!source.places.headers.is_empty()).then_some(&source.in_header);
            let in_authorization = (source.places.bearer || source.places.bare).then_some(&source.in_authorization);
            issuers.extend(in_header.into_iter().chain(in_authorization).cloned());
        }
        let lookups = Arc::new(ConcurrencyLimit::new(MAX_LOOKUPS));
        Self { sources, issuers, headers, leaves_bearer, lookups, used: Cache::new(RECENTLY_USED) }
    }

    /// Returns whether a token in `Authorization: Bearer` belongs to one of these sources.
    pub(super) fn claims(&self, token: &[u8]) -> bool {
        source_of(&self.sources, Place::Bearer, token).is_some()
    }

    fn reads(&self, place: impl Fn(&TokenSource) -> bool) -> bool {
        self.sources.iter().any(place)
    }

    fn in_authorization<'r>(&self, authorization: Authorization<'r>) -> Extracted<'r> {
        if self.reads(|source| source.places.bearer)
            && let Some(token) = authorization.after_bearer()
        {
            let is_ours = source_of(&self.sources, Place::Bearer, token).is_some();
            return match is_ours || !self.leaves_bearer {
                true => found(token, SchemeId::OWN_TOKEN),
                false => Extracted::Absent,
            };
        }
        if let Authorization::Line(line) = authorization
            && self.reads(|source| source.places.bare)
            && source_of(&self.sources, Place::Bare, line).is_some()
        {
            return found(line, SchemeId::OWN_TOKEN);
        }
        Extracted::Absent
    }

    /// Returns the place of a credential that [`extract`](Authenticator::extract) has found.
    fn place<'p, H: RequestHead>(
        &'p self,
        credential: &Credential<'_>,
        view: &RequestView<'_, H>,
    ) -> Option<Place<'p>> {
        if credential.is_in_authorization {
            let is_bearer = view.authorization.after_bearer().is_some();
            return Some(if is_bearer { Place::Bearer } else { Place::Bare });
        }
        self.headers.iter().find(|name| view.head.bytes(name).next().is_some()).map(|name| Place::Header(name))
    }

    /// Looks a token up.
    ///
    /// # Errors
    /// 401 if the token is unknown, expired or revoked. 503 if the store is unavailable.
    async fn look_up(
        &self,
        source: &TokenSource,
        store: &Arc<dyn TokenStore>,
        token: &str,
        place: Place<'_>,
        client: Option<IpAddr>,
    ) -> Result<Principal, Denial> {
        let refused = |reason, cause| Denial::refused(challenge_of(place), reason, cause);
        let unavailable = |cause| refused(Reason::AuthenticationUnavailable(RetryAfter::seconds(2)), cause);
        let permit = self.lookups.acquire(client).await;
        let Some(_permit) = permit else { return Err(unavailable("too many lookups of tokens are in progress")) };
        let found = timeout::with_timeout(async {
            let digest = store.digest(token.as_bytes());
            store.find(&digest).await
        });
        let found = found.await.unwrap_or(Err(StoreUnavailable));
        let record = found.map_err(|StoreUnavailable| unavailable("the store of tokens is unavailable"))?;
        let Some(record) = record else {
            return Err(refused(Reason::InvalidCredentials, "the token is unknown"));
        };
        let now = clock::now();
        if record.revoked {
            return Err(refused(Reason::RevokedCredentials, "the token was revoked"));
        }
        let expires = record.expires.map(Timestamp::from_wall_time);
        if expires.is_some_and(|expires| expires <= now) {
            return Err(refused(Reason::ExpiredCredentials, "the token has expired"));
        }
        self.note_use(store, &record);
        let issuer = issuer_in(source, place);
        let principal = match &record.owner {
            Owner::Client(name) if !source.is_for_accounts => client_principal(issuer, name, Some(&record.id), expires)
                .map(|client| as_client(client, source, &record)),
            Owner::Account(account) if source.is_for_accounts => {
                let principal = principal_of(issuer, claims_of(&account.to_string(), Some(&record.id), expires));
                principal.map(|principal| for_account(principal, account, source, &record))
            }
            Owner::Client(_) | Owner::Account(_) => {
                return Err(unavailable("the owner of the token is not of the kind of its source"));
            }
        };
        principal.ok_or_else(|| unavailable("the record of the token has no owner"))
    }

    /// Records the use of a token in the background, at most once a minute (TOKEN-15).
    fn note_use(&self, store: &Arc<dyn TokenStore>, record: &TokenRecord) {
        let now = clock::monotonic();
        let is_recent = self.used.get(&record.id).is_some_and(|used| used.plus(USE_INTERVAL) > now);
        let recorded = record.last_used.map(|used| Timestamp::from_wall_time(used).plus(USE_INTERVAL));
        if is_recent || recorded.is_some_and(|next| next > clock::now()) {
            return;
        }
        let Some(at) = clock::now().to_wall_time() else { return };
        self.used.insert(record.id.clone(), now);
        let (store, id) = (Arc::clone(store), record.id.clone());
        let _ = spawn(async move {
            if !matches!(timeout::with_timeout(store.touch(&id, at)).await, Some(Ok(()))) {
                tracing::warn!(target: "auth_core", token = %id, "the use of a token could not be recorded");
            }
        });
    }
}

/// Returns the credential of this scheme, or the refusal of text that cannot be a token.
fn found(token: &[u8], scheme: SchemeId) -> Extracted<'_> {
    let text = std::str::from_utf8(token).ok().filter(|token| has_token_syntax(token.as_bytes()));
    match text {
        Some(token) if scheme == SchemeId::OWN_TOKEN => Credential::in_authorization(scheme, token).into(),
        Some(token) => Credential::new(scheme, token).into(),
        None => Extracted::Refused(SyntaxError::malformed(
            Some(scheme.challenged()),
            "the token is not 1 to 512 bytes of visible ASCII without spaces and separators",
        )),
    }
}

fn challenge_of(place: Place<'_>) -> SchemeId {
    match place {
        Place::Bearer | Place::Bare => SchemeId::Bearer,
        Place::Header(_) => SchemeId::ApiKey,
    }
}

fn issuer_in<'s>(source: &'s TokenSource, place: Place<'_>) -> &'s Arc<Issuer> {
    match place {
        Place::Bearer | Place::Bare => &source.in_authorization,
        Place::Header(_) => &source.in_header,
    }
}

/// Returns a client of the issuer. A program acts on its own behalf, which `client_id` indicates (RFC 9068 §5). Block lists block a
/// token by its identifier (`jti`).
fn client_principal(
    issuer: &Arc<Issuer>,
    name: &str,
    id: Option<&TokenId>,
    expires: Option<Timestamp>,
) -> Option<Principal> {
    let mut claims = claims_of(name, id, expires);
    claims.insert("client_id".to_owned(), name.into());
    principal_of(issuer, claims)
}

fn principal_of(issuer: &Arc<Issuer>, claims: serde_json::Map<String, serde_json::Value>) -> Option<Principal> {
    Principal::from_claims(Arc::clone(issuer), serde_json::Value::Object(claims).to_string()).ok()
}

fn claims_of(
    subject: &str,
    id: Option<&TokenId>,
    expires: Option<Timestamp>,
) -> serde_json::Map<String, serde_json::Value> {
    let mut claims = serde_json::Map::new();
    claims.insert("sub".to_owned(), subject.into());
    if let Some(id) = id {
        claims.insert("jti".to_owned(), id.as_str().into());
    }
    if let Some(expires) = expires {
        claims.insert("exp".to_owned(), expires.seconds().into());
    }
    claims
}

/// Limits a token of an account to its ceiling, tenants and networks (RIGHTS-5, RIGHTS-6).
fn for_account(principal: Principal, account: &AccountId, source: &TokenSource, record: &TokenRecord) -> Principal {
    let principal = principal.acting_for(account.clone(), binding_of(record), networks_of(record));
    principal.with_ceiling(ceiling_of(record, source).clone())
}

fn ceiling_of<'a>(record: &'a TokenRecord, source: &'a TokenSource) -> &'a Rights {
    record.ceiling.as_ref().unwrap_or(&source.default_ceiling)
}

fn binding_of(record: &TokenRecord) -> Binding {
    record.tenants.as_ref().map_or(Binding::None, |tenants| Binding::Only(tenants.clone().into()))
}

fn networks_of(record: &TokenRecord) -> Option<Arc<[Network]>> {
    record.networks.as_deref().map(Arc::from)
}

/// Gives a client the rights of its token: the ceiling, in the tenants of the token if it has any, and only from its networks
/// (TOKEN-12, TOKEN-13).
fn as_client(principal: Principal, source: &TokenSource, record: &TokenRecord) -> Principal {
    let (ceiling, confers) = (ceiling_of(record, source).clone(), &principal.source().confers);
    let granted = match &record.tenants {
        None => GrantedRights::unbound(ceiling, confers),
        Some(tenants) => {
            let each = tenants.iter().map(|tenant| (RightsIn::Tenant(tenant.clone()), ceiling.clone()));
            GrantedRights::new(each.collect(), confers)
        }
    };
    principal.granting(granted, binding_of(record), networks_of(record))
}

impl<H: RequestHead> Authenticator<H> for OwnTokens {
    fn scheme(&self) -> SchemeId {
        SchemeId::ApiKey
    }

    fn sources(&self) -> &[Arc<Issuer>] {
        &self.issuers
    }

    fn headers(&self) -> Vec<&str> {
        self.headers.iter().map(String::as_str).collect()
    }

    fn binds_networks(&self) -> bool {
        true
    }

    fn extract<'r>(&self, view: &RequestView<'r, H>) -> Extracted<'r> {
        let mut extracted = self.in_authorization(view.authorization);
        for name in &self.headers {
            let mut lines = view.head.bytes(name);
            let Some(line) = lines.next() else { continue };
            let here = match lines.next() {
                None => found(line.trim_ascii(), SchemeId::ApiKey),
                Some(_) => {
                    let cause = "the header of a token is repeated";
                    Extracted::Refused(SyntaxError::malformed(Some(SchemeId::ApiKey), cause))
                }
            };
            if !matches!(extracted, Extracted::Absent) {
                return Extracted::Refused(SyntaxError::malformed(None, "two credentials"));
            }
            extracted = here;
        }
        extracted
    }

    fn verify<'r>(&'r self, credential: Credential<'r>, view: &RequestView<'r, H>) -> Verification<'r> {
        let ready = |result: Result<Principal, Denial>| Verification::Ready(result.into());
        let Some(place) = self.place(&credential, view) else {
            return ready(Err(Denial::new(Reason::SetUp)));
        };
        let token = credential.text;
        let unknown = |cause| Err(Denial::refused(challenge_of(place), Reason::InvalidCredentials, cause));
        let Some(source) = source_of(&self.sources, place, token.as_bytes()) else {
            return ready(unknown("the token belongs to no source that reads it in this place"));
        };
        match (&source.recognition, &source.store) {
            (Recognition::Fixed { granted, .. }, _) => {
                let principal = client_principal(issuer_in(source, place), &source.name, None, None);
                let principal = principal.map(|client| client.granting(granted.clone(), Binding::None, None));
                ready(principal.ok_or_else(|| Denial::new(Reason::SetUp)))
            }
            (Recognition::Prefix { prefix, is_unchecked: false }, _) if !prefix.has_checksum(token) => {
                ready(unknown("the checksum of the token is wrong"))
            }
            (_, Some(store)) => {
                let client = view.client().map(|seen| seen.address());
                Verification::pending(self.look_up(source, store, token, place, client))
            }
            (_, None) => ready(Err(Denial::new(Reason::SetUp))),
        }
    }

    fn digest(&self, credential: &Credential<'_>, _: Option<&str>, view: &RequestView<'_, H>) -> Option<TokenDigest> {
        let token = credential.text.as_bytes();
        let source = source_of(&self.sources, self.place(credential, view)?, token)?;
        source.store.as_ref().map(|store| store.digest(token))
    }

    fn location(&self) -> Option<(&'static str, String)> {
        match self.headers.as_slice() {
            [] => None,
            headers => Some(("header", headers.join(" or "))),
        }
    }

    fn configured_names(&self) -> Vec<ConfiguredNames> {
        let files =
            self.sources.iter().filter_map(|source| Some((source.api_keys.as_ref()?, &source.in_header.issuer)));
        let names = |(keys, issuer): (&ApiKeyFile, &Arc<str>)| {
            let of = |kind| ConfiguredNames {
                place: "an API key has",
                issuer: issuer.to_string(),
                kind,
                names: keys.names(kind),
            };
            [of(NameKind::Role), of(NameKind::Scope)]
        };
        files.flat_map(names).collect()
    }

    fn describe(&self, issuer: &Issuer) -> String {
        let source = self.sources.iter().find(|source| source.in_header.issuer == issuer.issuer);
        source.map(|source| format!(", {source}")).unwrap_or_default()
    }
}

/// Describes how tokens are recognized and where they are read, for the access matrix.
impl std::fmt::Display for TokenSource {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.recognition {
            Recognition::Prefix { prefix, is_unchecked } => {
                write!(f, "tokens with the prefix {:?}", prefix.as_str())?;
                if *is_unchecked {
                    f.write_str(" also without a checksum")?;
                }
            }
            Recognition::Opaque => f.write_str("opaque tokens")?,
            Recognition::Fixed { .. } => f.write_str("one fixed token")?,
        }
        let mut places = Vec::new();
        places.extend(self.places.bearer.then(|| "Authorization: Bearer".to_owned()));
        places.extend(self.places.bare.then(|| "Authorization without a scheme".to_owned()));
        places.extend(self.places.headers.iter().cloned());
        write!(f, " in {}", places.join(" or "))
    }
}

impl std::fmt::Debug for OwnTokens {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.sources.iter().map(|source| &source.name)).finish()
    }
}
