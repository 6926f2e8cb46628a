//! Who calls.

use std::borrow::Cow;
use std::fmt;
use std::sync::{Arc, OnceLock};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use smallvec::SmallVec;

use crate::clock::Timestamp;
use crate::denial::challenge::Scheme;
use crate::json::{self, Raw, Span};
use crate::source::{Form, Source, implies};
use crate::vocabulary::{Bits, Declares, Kind, Name, PermissionSet, RoleSet, ScopeSet, Vocabulary};

/// An authenticated caller. Cheap to clone, and the same type whatever the application's roles are.
///
/// It says what a verified credential said, less what its source may not confer. Names are looked at where they stand
/// in the credential; each vocabulary that a rule asks about becomes one set of bits, once.
#[derive(Clone)]
pub struct Principal {
    said: Arc<Inner>,
    /// What was answered elsewhere, for each tenant that was asked about, and for none.
    answers: Option<Arc<Answers>>,
}

type Answers = Vec<(Option<Box<str>>, Answer)>;

/// What a source of roles answered.
#[derive(Clone, Debug)]
pub enum Answer {
    /// These roles, and no others.
    Roles(Arc<[String]>),
    /// Nothing: nobody knows.
    OutOfReach,
}

struct Inner {
    source: Arc<Source>,
    /// Where the source keeps what others vouch for.
    issuer: Option<Box<str>>,
    /// Whose credential it is, where the source is that of tenants.
    tenant: Option<Box<str>>,
    claims: String,
    lists: Lists,
    login: Login,
    held: [OnceLock<(&'static Vocabulary, Bits)>; 4],
}

impl Inner {
    /// Whether the roles and permissions of the credential count there: those of a tenant in it alone, others in none.
    fn counts_in(&self, tenant: Option<&str>) -> bool {
        self.tenant.as_deref() == tenant && self.source.tenancy.could_count(tenant.is_some())
    }
}

/// Whose a credential is, where its source does not say.
#[cfg(feature = "jwt")]
#[derive(Debug, Default)]
pub(crate) struct Named {
    /// Who issued it.
    pub(crate) issuer: Option<Box<str>>,
    /// The tenant.
    pub(crate) tenant: Option<Box<str>>,
}

/// The claim that says that names were left out (Entra ID).
pub(crate) const OVERAGE: &str = "hasgroups";

/// What a scheme has read from a credential, beside its lists.
#[derive(Debug)]
pub(crate) struct Login {
    pub(crate) subject: Span,
    pub(crate) is_client: bool,
    pub(crate) acr: Option<Span>,
    pub(crate) actor: Option<Span>,
    pub(crate) authenticated_at: Option<Timestamp>,
    pub(crate) expires_at: Option<Timestamp>,
    /// The source says that it left names out (`_claim_names`, `hasgroups`): what is missing proves nothing.
    pub(crate) overage: bool,
}

/// Who a principal is: issuer, user or client, and subject. One opaque value to compare and to store.
///
/// The subject alone is no identity: the same `sub` at two issuers is two people (RFC 7519 §4.1.2 makes it unique
/// only within its issuer).
///
/// # Examples
/// ```
/// use auth_core::Id;
/// let stored: Id = "user:18:https://id.example:alice".parse()?;
/// assert_eq!(stored.to_string(), "user:18:https://id.example:alice");
/// # Ok::<(), auth_core::IdError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Id(Box<str>);

/// Text that is no [`Id`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an identity reads `user:LENGTH:ISSUER:SUBJECT` or `client:LENGTH:ISSUER:SUBJECT`")]
pub struct IdError;

impl Id {
    /// The identity of that user of that issuer, to compare with and to store.
    pub fn user(issuer: &str, subject: &str) -> Self {
        Self::new("user", issuer, subject)
    }

    /// The identity of that client of that issuer: a program that acts for itself.
    pub fn client(issuer: &str, subject: &str) -> Self {
        Self::new("client", issuer, subject)
    }

    fn new(kind: &str, issuer: &str, subject: &str) -> Self {
        // The length keeps an issuer that holds a colon from passing for another one.
        Self(format!("{kind}:{}:{issuer}:{subject}", issuer.len()).into())
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::str::FromStr for Id {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        Self::try_from(text.to_owned())
    }
}

impl TryFrom<String> for Id {
    type Error = IdError;

    fn try_from(text: String) -> Result<Self, IdError> {
        let rest = text.strip_prefix("user:").or_else(|| text.strip_prefix("client:")).ok_or(IdError)?;
        let (length, rest) = rest.split_once(':').ok_or(IdError)?;
        let issuer: usize = length.parse().map_err(|_| IdError)?;
        let subject = rest.get(issuer..).and_then(|rest| rest.strip_prefix(':')).ok_or(IdError)?;
        if subject.is_empty() || length != issuer.to_string() { Err(IdError) } else { Ok(Self(text.into())) }
    }
}

impl From<Id> for String {
    fn from(id: Id) -> Self {
        id.0.into()
    }
}

/// The claims do not fit the type that was asked for. Says no more, as parsers quote what they read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the claims do not fit the type that the application reads them into")]
pub struct ClaimsError;

/// Who really acts, where the credential was issued to act for somebody else (`act`, RFC 8693 §4.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Actor {
    subject: String,
    issuer: String,
    is_client: bool,
    before: Option<Box<Actor>>,
}

impl Actor {
    /// Who it is: a user of the issuer that the credential names for it, else of that of the credential; or a client, where
    /// its `client_id` is its subject.
    pub fn id(&self) -> Id {
        let kind = if self.is_client { Id::client } else { Id::user };
        kind(&self.issuer, &self.subject)
    }

    /// Its subject, at its issuer.
    pub fn subject(&self) -> &str {
        &self.subject
    }

    /// Who acted for whom before.
    pub fn before(&self) -> Option<&Actor> {
        self.before.as_deref()
    }

    fn read(act: Raw<'_>, issuer: &str) -> Option<Self> {
        let subject = act.member("sub")?.string()?.into_owned();
        let issuer = act.member("iss").and_then(Raw::string).map_or_else(|| issuer.to_owned(), Cow::into_owned);
        let before = act.member("act").and_then(|before| Self::read(before, &issuer));
        let is_client = act.member("client_id").and_then(Raw::string).is_some_and(|client| client == subject);
        Some(Self { subject, is_client, before: before.map(Box::new), issuer })
    }
}

impl Principal {
    #[cfg(feature = "jwt")]
    pub(crate) fn new(source: Arc<Source>, named: Named, claims: String, lists: Lists, login: Login) -> Self {
        let Named { issuer, tenant } = named;
        let inner = Inner { source, issuer, tenant, claims, lists, login, held: Default::default() };
        Self { said: Arc::new(inner), answers: None }
    }

    fn vouched_for(issuer: Option<Box<str>>, source: Arc<Source>, claims: String, lists: Lists, login: Login) -> Self {
        let inner = Inner { source, issuer, tenant: None, claims, lists, login, held: Default::default() };
        Self { said: Arc::new(inner), answers: None }
    }

    /// The same principal, with what a source of roles answered about it: for a tenant, or for none.
    #[must_use]
    pub fn with_answer(&self, tenant: Option<&str>, answer: Answer) -> Self {
        let mut answers: Answers = self.answers.as_ref().map(|answers| answers.to_vec()).unwrap_or_default();
        answers.push((tenant.map(Box::from), answer));
        Self { said: Arc::clone(&self.said), answers: Some(Arc::new(answers)) }
    }

    /// Whether somebody was asked about it.
    pub fn was_asked_about(&self) -> bool {
        self.answers.is_some()
    }

    /// What was answered about it; `None` where nobody was asked.
    pub(crate) fn answer(&self, tenant: Option<&str>) -> Option<&Answer> {
        self.answers.as_ref()?.iter().find(|(known, _)| known.as_deref() == tenant).map(|(_, answer)| answer)
    }

    fn answered_roles(&self, tenant: Option<&str>) -> &[String] {
        match self.answer(tenant) {
            Some(Answer::Roles(roles)) => roles,
            Some(Answer::OutOfReach) | None => &[],
        }
    }

    /// A principal that no credential stands behind: of `source`, described by a JSON object of claims. For the tests of
    /// applications and for schemes whose credentials are no tokens.
    ///
    /// # Errors
    /// The text is not one strict JSON object with a `sub` that is a string.
    pub fn from_claims(source: Arc<Source>, claims: String) -> Result<Self, ClaimsError> {
        let (mut subject, mut acr, mut actor, mut authenticated_at, mut expires_at) = (None, None, None, None, None);
        let (mut client, mut issuer, mut overage) = (None, None, false);
        let mut lists = Lists::of(&source);
        json::object(&claims, |name, value| {
            lists.see(&source, &claims, name, value);
            match name {
                "sub" => {
                    subject = value.string().is_some_and(|subject| !subject.is_empty()).then(|| value.span(&claims))
                }
                // A session keeps the issuer of its login; other credentials are of their source.
                "iss" if source.scheme == Scheme::Session => issuer = value.string().map(|text| Box::from(&*text)),
                "acr" => acr = Some(value.span(&claims)),
                "act" => actor = Some(value.span(&claims)),
                "auth_time" => authenticated_at = value.numeric_date().map(|(down, _)| down),
                "exp" => expires_at = value.numeric_date().map(|(down, _)| down),
                "client_id" => client = value.string().map(|_| value.span(&claims)),
                OVERAGE | "_claim_names" => overage = true,
                _ => {}
            }
        })
        .map_err(|_| ClaimsError)?;
        let subject = subject.ok_or(ClaimsError)?;
        let is_client =
            client.is_some_and(|client| Raw::at(&claims, client).string() == Raw::at(&claims, subject).string());
        let login = Login { subject, is_client, acr, actor, authenticated_at, expires_at, overage };
        Ok(Self::vouched_for(issuer, source, claims, lists, login))
    }

    /// Who this is: what owner checks compare and what audit, blocks and revocation store.
    pub fn id(&self) -> Id {
        Id::new(if self.said.login.is_client { "client" } else { "user" }, self.issuer(), &self.subject())
    }

    /// Who vouches for this principal: the `iss` of its token, or `basic:<realm>`.
    pub fn issuer(&self) -> &str {
        self.said.issuer.as_deref().unwrap_or(&self.said.source.issuer)
    }

    /// What the issuer calls this principal. Unique at that issuer only; owner checks compare [`id`](Self::id).
    pub fn local_subject(&self) -> Cow<'_, str> {
        self.subject()
    }

    /// The scheme of the credential.
    pub fn scheme(&self) -> Scheme {
        self.said.source.scheme
    }

    /// Whether this is a program that acts for itself rather than a person (`sub` is `client_id`, RFC 9068 §5).
    pub fn is_client(&self) -> bool {
        self.said.login.is_client
    }

    /// Whether it holds the role, or one that implies it. By its credential, and by a store of roles as far as
    /// that was asked: the rule decides whether it is, so what must be absent belongs in the rule.
    pub fn has_role<R: RoleSet>(&self, role: R) -> bool {
        self.has(&role)
    }

    /// Whether it holds the permission, one that implies it, or a role that grants it. By its credential, and by a store of roles as far as
    /// that was asked: the rule decides whether it is, so what must be absent belongs in the rule.
    pub fn has_permission<P: PermissionSet>(&self, permission: P) -> bool {
        self.has(&permission)
    }

    /// Whether its token carries the OAuth 2.0 scope, or one that implies it.
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
        json::object(&self.said.claims, |name, value| {
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
    pub fn authenticated_at(&self) -> Option<Timestamp> {
        self.said.login.authenticated_at
    }

    /// When the credential ends.
    pub fn expires_at(&self) -> Option<Timestamp> {
        self.said.login.expires_at
    }

    /// Who acts in this principal's name, if somebody does.
    pub fn actor(&self) -> Option<Actor> {
        Actor::read(Raw::at(&self.said.claims, self.said.login.actor?), self.issuer())
    }

    /// The names of one kind that its credential lists and its source may confer, as they are called here; and whether these are
    /// all that there are: of what was left out, absence is no answer.
    #[cfg(all(feature = "oidc", feature = "session"))]
    pub(crate) fn listed(&self, kind: Kind) -> (Vec<String>, bool) {
        let (mut names, mut written) = (Vec::new(), 0);
        self.each_listed(kind, |name| names.push(name.to_owned()));
        self.each_written(kind, |_| written += 1);
        let mut lists = self.said.source.lists.iter().zip(&self.said.lists.found).filter(|(list, _)| list.kind == kind);
        let all = lists.all(|(_, found)| found.is_some()) && !self.said.login.overage && names.len() == written;
        (names, all)
    }

    /// Everybody who acts in this principal's name, the last one first.
    pub fn actors(&self) -> impl Iterator<Item = Actor> {
        std::iter::successors(self.actor(), |actor| actor.before().cloned())
    }

    pub(crate) fn source(&self) -> &Source {
        &self.said.source
    }

    /// The `jti` of its token, whatever its source may confer: what revocation goes by.
    #[cfg(feature = "blocks")]
    pub(crate) fn token_id(&self) -> Option<Cow<'_, str>> {
        self.registered("jti")?.string()
    }

    /// When its token or session was made.
    #[cfg(any(feature = "blocks", feature = "session"))]
    pub(crate) fn issued_at(&self) -> Option<Timestamp> {
        self.registered("iat")?.numeric_date().map(|(down, _)| down)
    }

    /// Whether something was issued to it that comes again: a token, a session.
    #[cfg(feature = "blocks")]
    pub(crate) fn is_issued(&self) -> bool {
        matches!(self.scheme(), Scheme::Bearer | Scheme::Dpop | Scheme::Session)
    }

    /// A claim whatever the source may confer.
    #[cfg(any(feature = "blocks", feature = "session"))]
    pub(crate) fn registered(&self, name: &str) -> Option<Raw<'_>> {
        Raw::whole(&self.said.claims).member(name)
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

    /// Whether it holds the name, by itself or by what implies or grants it.
    #[cfg(test)]
    pub(crate) fn holds(&self, name: Name) -> bool {
        self.holds_within(name, None)
    }

    /// The same within a tenant, or within none.
    pub(crate) fn holds_within(&self, name: Name, tenant: Option<&str>) -> bool {
        self.holds_text_within(name.vocabulary, name.index, name.text, tenant)
    }

    fn holds_text_within(&self, vocabulary: &'static Vocabulary, index: u16, text: &str, tenant: Option<&str>) -> bool {
        let by_credential = vocabulary.kind == Kind::Scope && tenant.is_none() || self.said.counts_in(tenant);
        by_credential && self.holds_in(vocabulary, index, text) || self.was_given(vocabulary, index, text, tenant)
    }

    /// Whether the roles that were answered are the name, or imply or grant it.
    fn was_given(&self, vocabulary: &'static Vocabulary, index: u16, text: &str, tenant: Option<&str>) -> bool {
        let name = Name { vocabulary, index, text: "" };
        let given = self.answered_roles(tenant);
        match vocabulary.kind {
            Kind::Role if vocabulary.open => given.iter().any(|role| role == text),
            Kind::Role => given.iter().any(|role| implies(vocabulary, role, name)),
            Kind::Permission => {
                let (types, mut found) = (&self.said.source.roles, false);
                for roles in types.iter() {
                    for index in given.iter().filter_map(|role| roles.index_of(role)) {
                        let mut held = Bits::none_of(roles);
                        held.add(roles, index);
                        for index in held.iter() {
                            types.each_grant(roles, index, &mut |granted| {
                                found |= granted.vocabulary.is(vocabulary)
                                    && (vocabulary.open && granted.text == text
                                        || !vocabulary.open && implies(vocabulary, granted.text, name));
                            });
                        }
                    }
                }
                found
            }
            Kind::Scope => false,
        }
    }

    /// Whether the absence of the name was positively answered, for a tenant or for none: by whoever was asked, if somebody
    /// was, and by nothing that the credential says; else by the credential. Of a tenant where the caller holds nothing at all
    /// nothing was answered: the same tenant may have another spelling, and the caller chooses which one stands in the path.
    pub(crate) fn lacks_within(&self, name: Name, tenant: Option<&str>) -> bool {
        match self.answer(tenant) {
            Some(Answer::OutOfReach) => false,
            Some(Answer::Roles(given)) => {
                let mut listed = false;
                self.each_written(name.vocabulary.kind, |written| listed |= implies(name.vocabulary, written, name));
                let answered = tenant.is_none() || !given.is_empty();
                let given = given.iter().any(|role| implies(name.vocabulary, role, name));
                answered && !listed && !given && !self.said.login.overage
            }
            None => self.said.counts_in(tenant) && self.lacks(name),
        }
    }

    /// Whether its source positively answered that it does not hold the name: it lists names of this kind, all that there
    /// are, and neither this one nor one that implies it, not even one that it may not confer.
    pub(crate) fn lacks(&self, name: Name) -> bool {
        let source = &self.said.source;
        let kind = name.vocabulary.kind;
        let mut lists =
            source.lists.iter().zip(&self.said.lists.found).filter(|(list, _)| list.kind == kind).peekable();
        let mut listed = false;
        self.each_written(kind, |written| listed |= implies(name.vocabulary, written, name));
        !self.said.login.overage
            && source.confers.allows(kind, name.text)
            && lists.peek().is_some()
            && lists.all(|(_, found)| found.is_some())
            && !listed
    }

    fn holds_in(&self, vocabulary: &'static Vocabulary, index: u16, text: &str) -> bool {
        if self.said.source.has_scope_anyway(vocabulary.kind, text) {
            return true;
        }
        if vocabulary.open {
            let mut found = false;
            self.each_listed(vocabulary.kind, |name| found |= name == text);
            return found || (vocabulary.kind == Kind::Permission && self.grants_open(text));
        }
        for slot in &self.said.held {
            let (of, bits) = slot.get_or_init(|| (vocabulary, self.bits(vocabulary)));
            if of.is(vocabulary) {
                return bits.contains(index);
            }
        }
        self.bits(vocabulary).contains(index) // more vocabularies than slots: slower, and still right
    }

    /// All names of the vocabulary that this principal holds.
    fn bits(&self, vocabulary: &'static Vocabulary) -> Bits {
        let mut bits = self.listed_bits(vocabulary);
        if vocabulary.kind == Kind::Permission {
            self.each_grant(|granted| {
                if granted.vocabulary.is(vocabulary) {
                    bits.add(vocabulary, granted.index);
                }
            });
        }
        bits
    }

    fn grants_open(&self, permission: &str) -> bool {
        let mut found = false;
        self.each_grant(|granted| found |= granted.text == permission);
        found
    }

    /// What the roles that it holds grant.
    fn each_grant(&self, mut visit: impl FnMut(&Name)) {
        let types = &self.said.source.roles;
        for roles in types.iter() {
            for index in self.listed_bits(roles).iter() {
                types.each_grant(roles, index, &mut visit);
            }
        }
    }

    /// The names of the vocabulary that are listed, with those that they imply.
    fn listed_bits(&self, vocabulary: &'static Vocabulary) -> Bits {
        let mut bits = Bits::none_of(vocabulary);
        self.each_listed(vocabulary.kind, |name| {
            if let Some(index) = vocabulary.index_of(name) {
                bits.add(vocabulary, index);
            }
        });
        bits
    }

    /// The names of one kind that the credential lists and its source may confer.
    fn each_listed(&self, kind: Kind, mut visit: impl FnMut(&str)) {
        self.each_written(kind, |name| {
            if self.said.source.confers.allows(kind, name) {
                visit(name);
            }
        });
    }

    /// The names of one kind that the credential lists, as they are called here.
    fn each_written(&self, kind: Kind, mut visit: impl FnMut(&str)) {
        let source = &self.said.source;
        let mut prefixed = String::new();
        for (list, found) in source.lists.iter().zip(&self.said.lists.found) {
            let Some(value) = found.filter(|_| list.kind == kind).map(|span| Raw::at(&self.said.claims, span)) else {
                continue;
            };
            let mut visit = |name: &str| {
                if list.prefix.is_empty() {
                    return visit(name);
                }
                prefixed.clear();
                prefixed.push_str(&list.prefix);
                prefixed.push_str(name);
                visit(&prefixed);
            };
            match list.form {
                Form::Array => {
                    for name in value.elements().into_iter().flatten().filter_map(Raw::string) {
                        visit(&name);
                    }
                }
                Form::Words => {
                    let words = value.string().unwrap_or_default();
                    words.split(' ').filter(|word| !word.is_empty()).for_each(&mut visit);
                }
            }
        }
    }

    fn subject(&self) -> Cow<'_, str> {
        Raw::at(&self.said.claims, self.said.login.subject).string().unwrap_or_default()
    }
}

/// Describes a caller whom a scheme of the application has authenticated: a subject, and what is known of it.
///
/// ```
/// use auth_core::Principal;
/// let alice = Principal::builder("alice").role("editor").claim("org", "acme");
/// ```
#[derive(Clone)]
#[must_use]
pub struct PrincipalBuilder {
    claims: serde_json::Map<String, serde_json::Value>,
    /// `None` where nobody said: then the absence of a name is no answer.
    names: [Option<Vec<String>>; 3],
}

impl Principal {
    /// Describes a user of a scheme of the application.
    pub fn builder(subject: impl Into<String>) -> PrincipalBuilder {
        let claims = serde_json::Map::from_iter([("sub".to_owned(), subject.into().into())]);
        PrincipalBuilder { claims, names: Default::default() }
    }
}

impl PrincipalBuilder {
    /// A program that acts for itself, and no user.
    pub fn client(self) -> Self {
        let subject = self.claims.get("sub").cloned().unwrap_or_default();
        self.claim("client_id", subject)
    }

    /// Who holds the role.
    pub fn role(self, name: impl Into<String>) -> Self {
        self.named(Kind::Role, [name.into()])
    }

    /// Who holds these roles and no others, be they none. A rule that asks for the absence of a role holds only where this or
    /// [`role`](Self::role) said which there are.
    pub fn roles(self, names: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.named(Kind::Role, names.into_iter().map(Into::into))
    }

    /// Who holds the permission.
    pub fn permission(self, name: impl Into<String>) -> Self {
        self.named(Kind::Permission, [name.into()])
    }

    /// Whose credential carries the scope.
    pub fn scope(self, name: impl Into<String>) -> Self {
        self.named(Kind::Scope, [name.into()])
    }

    /// With this claim.
    pub fn claim(mut self, name: impl Into<String>, value: impl Into<serde_json::Value>) -> Self {
        self.claims.insert(name.into(), value.into());
        self
    }

    /// Who logged in then.
    pub fn authenticated_at(self, at: Timestamp) -> Self {
        self.claim("auth_time", at.seconds())
    }

    /// Whose credential ends then.
    pub fn expires_at(self, at: Timestamp) -> Self {
        self.claim("exp", at.seconds())
    }

    fn named(mut self, kind: Kind, more: impl IntoIterator<Item = String>) -> Self {
        if let Some(names) = self.names.get_mut(kind as usize) {
            names.get_or_insert_default().extend(more);
        }
        self
    }

    /// The principal, of a source whose lists are those of [`Source::of_builder`].
    ///
    /// # Errors
    /// The subject is empty, or a registered claim has another type.
    pub fn of(mut self, source: &Arc<Source>) -> Result<Principal, ClaimsError> {
        for (list, names) in source.lists.iter().zip(std::mem::take(&mut self.names)) {
            let name = list.path.first().cloned().unwrap_or_default();
            // A claim of that name is none of the lists: those are said by name.
            self.claims.remove(&name);
            if let Some(names) = names {
                self.claims.insert(name, names.into());
            }
        }
        Principal::from_claims(Arc::clone(source), serde_json::Value::Object(self.claims).to_string())
    }
}

/// Who it is, as far as that is said; no names and no claims.
impl fmt::Debug for PrincipalBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PrincipalBuilder").field("sub", &self.claims.get("sub")).finish_non_exhaustive()
    }
}

/// Where each list of a source stands in the claims; `None` where the credential does not answer, and that it does not
/// where the list has the wrong type or an element that is no string.
#[derive(Debug)]
pub(crate) struct Lists {
    found: SmallVec<[Option<Span>; 4]>,
    broken_scope: bool,
}

impl Lists {
    /// None found yet.
    pub(crate) fn of(source: &Source) -> Self {
        Self { found: SmallVec::from_elem(None, source.lists.len()), broken_scope: false }
    }

    /// Takes note of a member of the claims that the strict reader shows.
    pub(crate) fn see(&mut self, source: &Source, claims: &str, name: &str, value: Raw<'_>) {
        for (list, found) in source.lists.iter().zip(&mut self.found) {
            let Some((_, inner)) = list.path.split_first().filter(|(first, _)| *first == name) else { continue };
            let Some(value) = inner.iter().try_fold(value, |value, name| value.member(name)) else { continue };
            let fits = match list.form {
                Form::Array => value.elements().is_some_and(|mut all| all.all(|element| element.string().is_some())),
                Form::Words => value.string().is_some(),
            };
            if fits {
                *found = Some(value.span(claims));
            } else {
                self.broken_scope |= list.kind == Kind::Scope;
            }
        }
    }

    /// Whether a claim that lists scopes has another type, which makes the whole token one to refuse (BEARER-9).
    #[cfg(feature = "jwt")]
    pub(crate) fn has_broken_scope(&self) -> bool {
        self.broken_scope
    }
}

/// Claims that every token may carry (RFC 7519 §4.1, OpenID Connect Core §2, RFC 8693 §4, RFC 9068 §2.2).
const REGISTERED: [&str; 11] =
    ["iss", "sub", "aud", "exp", "nbf", "iat", "jti", "auth_time", "azp", "client_id", "act"];

/// Who it is and where it comes from; no name, no claim, no token.
impl fmt::Debug for Principal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Principal").field("id", &self.id().0).field("scheme", &self.scheme()).finish_non_exhaustive()
    }
}
