//! Who calls.

mod actor;
mod builder;
mod credential_claims;
mod names;

use std::borrow::Cow;
use std::fmt;
use std::sync::{Arc, OnceLock};

use serde::de::DeserializeOwned;

pub use self::actor::Actor;
pub use self::builder::PrincipalBuilder;
pub(crate) use self::credential_claims::CredentialOwner;
pub(crate) use self::credential_claims::{CredentialClaims, Omitted};
pub(crate) use self::names::Lists;
use self::names::NameSet;
use crate::identity::id::Id;
use crate::identity::issuer::Issuer;
use crate::identity::scheme_id::SchemeId;
use crate::identity::vocabulary::{Declares, PermissionSet, RoleSet, ScopeSet};
use crate::runtime::clock::Timestamp;
use crate::runtime::strict_json::{self, Raw};

/// An authenticated caller. Cheap to clone, and the same type whatever the application's roles are.
///
/// It says what a verified credential said, less what its source may not confer. Names are looked at where they stand
/// in the credential; each vocabulary that a rule asks about becomes one set of bits, once.
#[derive(Clone)]
pub struct Principal {
    said: Arc<PrincipalInner>,
    /// What was answered elsewhere, for each tenant that was asked about, and for none.
    answers: Option<Arc<RoleLookups>>,
}

type RoleLookups = Vec<(Option<Box<str>>, RoleLookup)>;

/// What a source of roles answered.
#[derive(Clone, Debug)]
pub enum RoleLookup {
    /// These roles, and no others.
    Roles(Arc<[String]>),
    /// Nothing: nobody knows.
    OutOfReach,
}

struct PrincipalInner {
    source: Arc<Issuer>,
    /// Where the source keeps what others vouch for.
    issuer: Option<Box<str>>,
    /// Whose credential it is, where the source is that of tenants.
    tenant: Option<Box<str>>,
    claims: String,
    lists: Lists,
    login: CredentialClaims,
    held: [OnceLock<NameSet>; 4],
}

impl PrincipalInner {
    /// Whether the roles and permissions of the credential count there: those of a tenant in it alone, others in none.
    fn counts_in(&self, tenant: Option<&str>) -> bool {
        self.tenant.as_deref() == tenant && self.source.tenancy.could_count(tenant.is_some())
    }
}

/// The claims do not fit the type that was asked for. Says no more, as parsers quote what they read.
#[derive(Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the claims do not fit the type that the application reads them into")]
pub struct ClaimsError;

crate::debug_as_display!(ClaimsError);

impl Principal {
    pub(crate) fn new(
        source: Arc<Issuer>,
        named: CredentialOwner,
        claims: String,
        lists: Lists,
        login: CredentialClaims,
    ) -> Self {
        let CredentialOwner { issuer, tenant } = named;
        let inner = PrincipalInner { source, issuer, tenant, claims, lists, login, held: Default::default() };
        Self { said: Arc::new(inner), answers: None }
    }

    /// Roughly the memory that it takes.
    pub(crate) fn size(&self) -> usize {
        let named = |text: &Option<Box<str>>| text.as_ref().map_or(0, |text| text.len());
        size_of::<PrincipalInner>() + self.said.claims.len() + named(&self.said.issuer) + named(&self.said.tenant)
    }

    /// Whether the two are of one reading of one credential.
    #[cfg(test)]
    pub(crate) fn says_the_same_as(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.said, &other.said)
    }

    fn vouched_for(
        issuer: Option<Box<str>>,
        source: Arc<Issuer>,
        claims: String,
        lists: Lists,
        login: CredentialClaims,
    ) -> Self {
        let inner = PrincipalInner { source, issuer, tenant: None, claims, lists, login, held: Default::default() };
        Self { said: Arc::new(inner), answers: None }
    }

    /// The same caller, of a source that differs from its own in the scheme only.
    pub(crate) fn with_source(&self, source: Arc<Issuer>) -> Self {
        let said = &*self.said;
        let inner = PrincipalInner {
            source,
            issuer: said.issuer.clone(),
            tenant: said.tenant.clone(),
            claims: said.claims.clone(),
            lists: said.lists.clone(),
            login: said.login.clone(),
            held: Default::default(),
        };
        Self { said: Arc::new(inner), answers: self.answers.clone() }
    }

    /// The same principal, with what a source of roles answered about it: for a tenant, or for none.
    #[must_use]
    pub fn with_answer(&self, tenant: Option<&str>, answer: RoleLookup) -> Self {
        let mut answers: RoleLookups = self.answers.as_ref().map(|answers| answers.to_vec()).unwrap_or_default();
        answers.push((tenant.map(Box::from), answer));
        Self { said: Arc::clone(&self.said), answers: Some(Arc::new(answers)) }
    }

    /// The same principal, about whom nobody was asked.
    #[must_use]
    pub fn without_answers(&self) -> Self {
        Self { said: Arc::clone(&self.said), answers: None }
    }

    /// Whether somebody was asked about it.
    pub fn was_asked_about(&self) -> bool {
        self.answers.is_some()
    }

    /// What was answered about it; `None` where nobody was asked.
    pub(crate) fn answer(&self, tenant: Option<&str>) -> Option<&RoleLookup> {
        self.answers.as_ref()?.iter().find(|(known, _)| known.as_deref() == tenant).map(|(_, answer)| answer)
    }

    /// A principal that no credential stands behind: of `source`, described by a JSON object of claims. For the tests of
    /// applications and for schemes whose credentials are no tokens.
    ///
    /// # Errors
    /// The text is not one strict JSON object with a `sub` that is a string.
    pub fn from_claims(source: Arc<Issuer>, claims: String) -> Result<Self, ClaimsError> {
        let (mut subject, mut acr, mut actor, mut authenticated_at, mut expires_at) = (None, None, None, None, None);
        let (mut client, mut issuer, mut omitted) = (None, None, None);
        let mut lists = Lists::of(&source);
        strict_json::object(&claims, |name, value| {
            lists.record(&source, &claims, name, value);
            match name {
                "sub" => {
                    subject = value.string().is_some_and(|subject| !subject.is_empty()).then(|| value.span(&claims))
                }
                // A session keeps the issuer of its login; other credentials are of their source.
                "iss" if source.scheme == SchemeId::Session => issuer = value.string().map(|text| Box::from(&*text)),
                "acr" => acr = Some(value.span(&claims)),
                "act" => actor = Some(value.span(&claims)),
                "auth_time" => authenticated_at = value.numeric_date().map(|(down, _)| down),
                "exp" => expires_at = value.numeric_date().map(|(down, _)| down),
                "client_id" => client = value.is_string().then(|| value.span(&claims)),
                _ => Omitted::record(&mut omitted, &claims, name, value),
            }
        })
        .map_err(|_| ClaimsError)?;
        let subject = subject.ok_or(ClaimsError)?;
        let is_client =
            client.is_some_and(|client| Raw::at(&claims, client).string() == Raw::at(&claims, subject).string());
        let login = CredentialClaims { subject, is_client, acr, actor, authenticated_at, expires_at, omitted };
        Ok(Self::vouched_for(issuer, source, claims, lists, login))
    }

    /// Who this is: what owner checks compare and what audit, blocks and revocation store.
    #[doc(alias = "user_id")]
    pub fn id(&self) -> Id {
        let kind = if self.said.login.is_client { Id::client } else { Id::user };
        kind(self.issuer(), &self.local_subject())
    }

    /// Who vouches for this principal: the `iss` of its token, or `basic:<realm>`.
    pub fn issuer(&self) -> &str {
        self.said.issuer.as_deref().unwrap_or(&self.said.source.issuer)
    }

    /// What the issuer calls this principal. Unique at that issuer only; owner checks compare [`id`](Self::id).
    #[doc(alias = "subject", alias = "sub")]
    pub fn local_subject(&self) -> Cow<'_, str> {
        Raw::at(&self.said.claims, self.said.login.subject).string().unwrap_or_default()
    }

    /// The scheme of the credential.
    pub fn scheme(&self) -> SchemeId {
        self.said.source.scheme
    }

    /// Whether this is a program that acts for itself rather than a person (`sub` is `client_id`, RFC 9068 §5).
    pub fn is_client(&self) -> bool {
        self.said.login.is_client
    }

    /// Whether it holds the role, or one that implies it. By its credential, and by a store of roles as far as
    /// that was asked: the rule decides whether it is, so what must be absent belongs in the rule.
    #[doc(alias = "roles")]
    #[doc(alias = "role")]
    pub fn has_role<R: RoleSet>(&self, role: R) -> bool {
        self.has(&role)
    }

    /// Whether it holds the permission, one that implies it, or a role that grants it. By its credential, and by a store of roles as far as
    /// that was asked: the rule decides whether it is, so what must be absent belongs in the rule.
    #[doc(alias = "permissions")]
    #[doc(alias = "permission")]
    #[doc(alias = "can")]
    pub fn has_permission<P: PermissionSet>(&self, permission: P) -> bool {
        self.has(&permission)
    }

    /// Whether its token carries the OAuth 2.0 scope, or one that implies it.
    #[doc(alias = "scopes")]
    #[doc(alias = "scope")]
    pub fn has_scope<S: ScopeSet>(&self, scope: S) -> bool {
        self.has(&scope)
    }

    /// Whether it holds the role within a tenant, as far as that was asked: where the rule of the handler names the role
    /// `in` it, or where its credential is the tenant's own.
    pub fn has_role_in<R: RoleSet>(&self, role: R, tenant: &str) -> bool {
        self.holds_text_within(R::VOCABULARY, role.index(), role.as_str(), Some(tenant))
    }

    /// The same for a permission.
    pub fn has_permission_in<P: PermissionSet>(&self, permission: P, tenant: &str) -> bool {
        self.holds_text_within(P::VOCABULARY, permission.index(), permission.as_str(), Some(tenant))
    }

    /// The tenant whose credential this is, where its source is that of tenants.
    pub fn tenant(&self) -> Option<&str> {
        self.said.tenant.as_deref()
    }

    fn has<D: Declares>(&self, name: &D) -> bool {
        self.holds_text_within(D::VOCABULARY, name.index(), name.as_str(), None)
    }

    /// The claim of that name at the top of the claims, where its source may confer it.
    pub fn claim(&self, name: &str) -> Option<serde_json::Value> {
        serde_json::from_str(self.raw_claim(name)?.text()).ok()
    }

    /// The claims, in the application's own type.
    ///
    /// # Errors
    /// They do not fit the type.
    pub fn claims<T: DeserializeOwned>(&self) -> Result<T, ClaimsError> {
        let confers = &self.said.source.confers;
        if confers.allows_every_claim() && confers.allows_every_acr() {
            return serde_json::from_str(&self.said.claims).map_err(|_| ClaimsError);
        }
        let mut conferred = serde_json::Map::new();
        strict_json::object(&self.said.claims, |name, value| {
            let conferred_here = match name {
                "acr" => value.string().is_some_and(|acr| confers.allows_acr(&acr)),
                "amr" => confers.allows_every_acr(),
                _ => confers.allows_claim(name) || REGISTERED.contains(&name),
            };
            if conferred_here {
                conferred.insert(name.to_owned(), serde_json::from_str(value.text()).unwrap_or_default());
            }
        })
        .map_err(|_| ClaimsError)?;
        serde_json::from_value(conferred.into()).map_err(|_| ClaimsError)
    }

    /// When the login happened (`auth_time`), which is not when the token was made. `None` where nobody says.
    #[doc(alias = "auth_time")]
    pub fn authenticated_at(&self) -> Option<Timestamp> {
        self.said.login.authenticated_at
    }

    /// When the credential ends.
    #[doc(alias = "exp")]
    pub fn expires_at(&self) -> Option<Timestamp> {
        self.said.login.expires_at
    }

    /// Who acts in this principal's name, if somebody does.
    pub fn actor(&self) -> Option<Actor> {
        Actor::read(Raw::at(&self.said.claims, self.said.login.actor?), self.issuer())
    }

    /// Everybody who acts in this principal's name, the last one first.
    pub fn actors(&self) -> impl Iterator<Item = Actor> {
        std::iter::successors(self.actor(), |actor| actor.before().cloned())
    }

    pub(crate) fn source(&self) -> &Issuer {
        &self.said.source
    }

    /// The `jti` of its token, whatever its source may confer: what revocation goes by.
    pub(crate) fn token_id(&self) -> Option<Cow<'_, str>> {
        self.registered("jti")?.string()
    }

    /// When its token or session was made.
    pub(crate) fn issued_at(&self) -> Option<Timestamp> {
        self.registered("iat")?.numeric_date().map(|(down, _)| down)
    }

    /// Whether something was issued to it that comes again: a token, a session.
    pub(crate) fn is_issued(&self) -> bool {
        matches!(self.scheme(), SchemeId::Bearer | SchemeId::Dpop | SchemeId::Session)
    }

    /// A claim whatever the source may confer.
    pub(crate) fn registered(&self, name: &str) -> Option<Raw<'_>> {
        Raw::whole(&self.said.claims).member(name)
    }

    /// Whether the credential marks this claim as left out.
    pub(crate) fn omits_claim(&self, name: &str) -> bool {
        self.said.login.omitted.is_some_and(|omitted| omitted.contains(&self.said.claims, name))
    }

    pub(crate) fn has_actor(&self) -> bool {
        self.said.login.actor.is_some()
    }

    /// The assurance level of the login, where its source may confer it.
    pub(crate) fn acr(&self) -> Option<Cow<'_, str>> {
        let acr = Raw::at(&self.said.claims, self.said.login.acr?).string()?;
        self.said.source.confers.allows_acr(&acr).then_some(acr)
    }

    /// The claim as it stands, where its source has claims and may confer this one.
    pub(crate) fn raw_claim(&self, name: &str) -> Option<Raw<'_>> {
        let source = &self.said.source;
        if !source.has_claims || !source.confers.allows_claim(name) {
            return None;
        }
        Raw::whole(&self.said.claims).member(name)
    }
}

/// Claims that every token may carry (RFC 7519 §4.1, OpenID Connect Core §2, RFC 8693 §4, RFC 9068 §2.2).
const REGISTERED: [&str; 11] =
    ["iss", "sub", "aud", "exp", "nbf", "iat", "jti", "auth_time", "azp", "client_id", "act"];

/// Who it is and where it comes from; no name, no claim, no token.
impl fmt::Debug for Principal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Principal")
            .field("id", &self.id().to_string())
            .field("scheme", &self.scheme())
            .finish_non_exhaustive()
    }
}
