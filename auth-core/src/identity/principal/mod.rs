//! Principals, which are the authenticated callers.

mod actor;
mod answers;
mod builder;
mod credential_claims;
mod limits;
mod names;
mod account;
mod conferral;

use std::borrow::Cow;
use std::fmt;
use std::sync::{Arc, OnceLock};

use serde::de::DeserializeOwned;

pub(crate) use self::account::LoadedAccount;
pub use self::actor::Actor;
use self::answers::Answers;
pub(crate) use self::answers::{DefaultTenant, RightsLookup};
pub use self::builder::PrincipalBuilder;
pub(crate) use self::credential_claims::{Binding, CredentialOwner};
pub(crate) use self::credential_claims::{CredentialClaims, Omitted};
pub(crate) use self::names::Lists;
use self::names::NameSet;
use crate::identity::account_id::AccountId;
use crate::identity::granted::GrantedRights;
use crate::identity::issuer::Issuer;
use crate::identity::network::Network;
use crate::identity::rights::{NameRef, Rights};
use crate::identity::scheme_id::SchemeId;
use crate::identity::tenant::{Tenant, TenantRef};
use crate::identity::vocabulary::{Declares, PermissionSet, RoleSet, ScopeSet};
use crate::runtime::clock::Timestamp;
use crate::runtime::strict_json::{self, Raw};

/// An authenticated caller. Cloning is cheap. The type does not depend on the role types of the application.
///
/// Contains the content of a verified credential, except what its issuer may not confer. Names are read in place from the
/// credential. For each vocabulary that a rule uses, they are converted once into a bit set.
#[derive(Clone)]
pub struct Principal {
    said: Arc<PrincipalInner>,
    /// The answers of the application's providers of accounts and rights.
    answers: Option<Arc<Answers>>,
}

#[derive(Clone)]
struct PrincipalInner {
    /// Whether the credential counts for every request, without a ceiling or networks, and no account is loaded for it. Such
    /// principals are frequent, so that this flag saves other comparisons.
    is_plain: bool,
    source: Arc<Issuer>,
    /// The original issuer, if `source` stores logins at other issuers, as sessions do.
    issuer: Option<Box<str>>,
    binding: Binding,
    granted: Option<GrantedRights>,
    networks: Option<Arc<[Network]>>,
    /// The account for which the application issued the credential, if the claims do not contain it.
    acts_for: Option<AccountId>,
    /// The rights within which the credential counts. `None` if the credential has no such limit.
    ceiling: Option<Rights>,
    claims: String,
    lists: Lists,
    login: CredentialClaims,
    held: [OnceLock<NameSet>; 4],
}

/// The claims do not fit the requested type. Contains no details, because parsers quote their input.
#[derive(Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the claims cannot be deserialized into this type")]
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
        let CredentialOwner { issuer, binding, granted, networks } = named;
        let (held, acts_for, ceiling, is_plain) = (Default::default(), None, None, false);
        let mut inner = PrincipalInner {
            is_plain,
            source,
            issuer,
            binding,
            granted,
            networks,
            acts_for,
            ceiling,
            claims,
            lists,
            login,
            held,
        };
        inner.update();
        Self { said: Arc::new(inner), answers: None }
    }

    /// Returns the approximate memory size in bytes.
    pub(crate) fn size(&self) -> usize {
        let issuer = self.said.issuer.as_ref().map_or(0, |issuer| issuer.len());
        let tenant: usize =
            self.bound_tenants().iter().flat_map(Tenant::dimensions).map(|(_, value)| value.len()).sum();
        size_of::<PrincipalInner>() + self.said.claims.len() + issuer + tenant
    }

    /// Returns whether both principals share one parsed credential.
    #[cfg(test)]
    pub(crate) fn says_the_same_as(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.said, &other.said)
    }

    /// Returns this principal with a credential that is bound to a tenant.
    #[cfg(test)]
    pub(crate) fn bound_to(&self, tenant: Tenant) -> Self {
        let said = &*self.said;
        let binding = Binding::Tenant(tenant);
        let owner =
            CredentialOwner { issuer: said.issuer.clone(), binding, granted: said.granted.clone(), networks: None };
        Self::new(Arc::clone(&said.source), owner, said.claims.clone(), said.lists.clone(), said.login.clone())
    }

    /// Returns this caller with an issuer that differs from its own only in the scheme.
    pub(crate) fn with_source(&self, source: Arc<Issuer>) -> Self {
        self.clone().changed(|inner| inner.source = source)
    }

    /// Creates a principal of `source` from a JSON object of claims, without a credential. Intended for tests of applications and
    /// for schemes whose credentials are not tokens.
    ///
    /// # Errors
    /// The text is not a strict JSON object with a `sub` that is a non-empty string.
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
                // A session stores the issuer of its login. Other credentials belong to their configured issuer.
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
        let owner = CredentialOwner { issuer, ..CredentialOwner::default() };
        Ok(Self::new(source, owner, claims, lists, login))
    }

    /// Returns the issuer that vouches for this principal, which is the `iss` of its token or `basic:<realm>`.
    pub fn issuer(&self) -> &str {
        self.said.issuer.as_deref().unwrap_or(&self.said.source.issuer)
    }

    /// Returns the subject at the issuer. It is unique only at that issuer. Owner checks compare [`id`](Self::id).
    #[doc(alias = "subject", alias = "sub")]
    pub fn local_subject(&self) -> Cow<'_, str> {
        Raw::at(&self.said.claims, self.said.login.subject).string().unwrap_or_default()
    }

    /// Returns the scheme of the credential.
    pub fn scheme(&self) -> SchemeId {
        self.said.source.scheme
    }

    /// Returns whether this is a program that acts on its own behalf rather than a person (`sub` equals `client_id`, RFC 9068 §5).
    pub fn is_client(&self) -> bool {
        self.said.login.is_client
    }

    /// Returns whether the principal holds the role, or one that implies it. Considers the credential, and the role store only if
    /// the rule of the handler has queried it. `false` therefore does not prove absence: require the absence of a role in the
    /// rule.
    #[doc(alias = "roles")]
    #[doc(alias = "role")]
    pub fn has_role<R: RoleSet>(&self, role: R) -> bool {
        self.has(&role, None)
    }

    /// Returns whether the principal holds the permission, one that implies it, or a role that grants it. Considers the
    /// credential, and the role store only if the rule of the handler has queried it. `false` therefore does not prove absence.
    #[doc(alias = "permissions")]
    #[doc(alias = "permission")]
    #[doc(alias = "can")]
    pub fn has_permission<P: PermissionSet>(&self, permission: P) -> bool {
        self.has(&permission, None)
    }

    /// Returns whether the token contains the OAuth 2.0 scope, or one that implies it.
    #[doc(alias = "scopes")]
    #[doc(alias = "scope")]
    pub fn has_scope<S: ScopeSet>(&self, scope: S) -> bool {
        self.has(&scope, None)
    }

    /// Returns whether the principal holds the role within a tenant. Considers the role store only if the rule of the handler names
    /// the role `in` the tenant, and the credential only if it is bound to the tenant.
    pub fn has_role_in<R: RoleSet>(&self, role: R, tenant: &Tenant) -> bool {
        self.has(&role, Some(&tenant.borrowed()))
    }

    /// Like [`has_role_in`](Self::has_role_in), for a permission.
    pub fn has_permission_in<P: PermissionSet>(&self, permission: P, tenant: &Tenant) -> bool {
        self.has(&permission, Some(&tenant.borrowed()))
    }

    fn has<D: Declares>(&self, name: &D, tenant: Option<&TenantRef<'_>>) -> bool {
        let name = NameRef { vocabulary: D::VOCABULARY, index: name.index(), text: name.as_str() };
        self.holds_within(name, tenant)
    }

    /// Returns the top-level claim with this name, if the issuer may confer it.
    pub fn claim(&self, name: &str) -> Option<serde_json::Value> {
        serde_json::from_str(self.raw_claim(name)?.text()).ok()
    }

    /// Deserializes the claims into a type of the application. Omits claims that the issuer may not confer, except the registered
    /// claims of tokens.
    ///
    /// # Errors
    /// The claims do not fit the type.
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

    /// Returns the time of the login (`auth_time`), which is not the time at which the token was issued. `None` if unknown.
    #[doc(alias = "auth_time")]
    pub fn authenticated_at(&self) -> Option<Timestamp> {
        self.said.login.authenticated_at
    }

    /// Returns the expiration time of the credential.
    #[doc(alias = "exp")]
    pub fn expires_at(&self) -> Option<Timestamp> {
        self.said.login.expires_at
    }

    /// Returns the actor that acts on behalf of this principal, if there is one.
    pub fn actor(&self) -> Option<Actor> {
        Actor::read(Raw::at(&self.said.claims, self.said.login.actor?), self.issuer())
    }

    /// Returns all actors that act on behalf of this principal, the most recent first.
    pub fn actors(&self) -> impl Iterator<Item = Actor> {
        std::iter::successors(self.actor(), |actor| actor.before().cloned())
    }

    pub(crate) fn source(&self) -> &Issuer {
        &self.said.source
    }

    /// Returns the `jti` of the token, regardless of what the issuer may confer. Revocation uses it.
    pub(crate) fn token_id(&self) -> Option<Cow<'_, str>> {
        self.registered("jti")?.string()
    }

    /// Returns the time at which the token or session was issued.
    pub(crate) fn issued_at(&self) -> Option<Timestamp> {
        self.registered("iat")?.numeric_date().map(|(down, _)| down)
    }

    /// Returns whether the credential was issued for repeated use, as tokens and sessions are.
    pub(crate) fn is_issued(&self) -> bool {
        match self.scheme() {
            SchemeId::Bearer | SchemeId::Dpop | SchemeId::Session => true,
            SchemeId::Custom(_) => SchemeId::OF_TOKENS.contains(&self.scheme()) && self.scheme() != SchemeId::OWN_TOKEN,
            _ => false,
        }
    }

    /// Returns a claim, regardless of what the issuer may confer.
    pub(crate) fn registered(&self, name: &str) -> Option<Raw<'_>> {
        Raw::whole(&self.said.claims).member(name)
    }

    /// Returns whether the credential marks this claim as omitted.
    pub(crate) fn omits_claim(&self, name: &str) -> bool {
        self.said.login.omitted.is_some_and(|omitted| omitted.contains(&self.said.claims, name))
    }

    pub(crate) fn has_actor(&self) -> bool {
        self.said.login.actor.is_some()
    }

    /// Returns the assurance level of the login, if the issuer may confer it.
    pub(crate) fn acr(&self) -> Option<Cow<'_, str>> {
        let acr = Raw::at(&self.said.claims, self.said.login.acr?).string()?;
        self.said.source.confers.allows_acr(&acr).then_some(acr)
    }

    /// Returns the unparsed claim, if the issuer has claims and may confer this one.
    pub(crate) fn raw_claim(&self, name: &str) -> Option<Raw<'_>> {
        let source = &self.said.source;
        if !source.has_claims || !source.confers.allows_claim(name) {
            return None;
        }
        Raw::whole(&self.said.claims).member(name)
    }
}

/// Claims that every token may contain (RFC 7519 §4.1, OpenID Connect Core §2, RFC 8693 §4, RFC 9068 §2.2).
const REGISTERED: [&str; 11] =
    ["iss", "sub", "aud", "exp", "nbf", "iat", "jti", "auth_time", "azp", "client_id", "act"];

/// Shows the identity and the scheme. Redacts names, claims and the token.
impl fmt::Debug for Principal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Principal")
            .field("id", &self.id().to_string())
            .field("scheme", &self.scheme())
            .finish_non_exhaustive()
    }
}
