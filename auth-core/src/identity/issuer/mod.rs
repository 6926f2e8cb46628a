//! Issuers of credentials: their names, the claims that list names, and what they may confer.

mod confers;
mod list_claim;
mod login_source;
mod role_types;

use std::sync::Arc;

use self::confers::AllowedNames;
pub use self::confers::Confers;
pub use self::list_claim::{Form, ListClaim, NameList};
pub use self::login_source::{LoginContext, LoginPolicy, LoginSetting, LoginSource};
pub use self::role_types::RoleTypes;
use crate::identity::scheme_id::{AuthenticationTime, SchemeId};
use crate::identity::tenant::IssuerTenancy;
use crate::identity::vocabulary::{Bits, Name, NameKind, Vocabulary};

/// An issuer of credentials, fixed at start-up. Each principal refers to its issuer.
#[derive(Clone, Debug)]
pub struct Issuer {
    /// The issuer part of every identity, which is the issuer of tokens or `basic:<realm>`.
    pub issuer: Arc<str>,
    /// The scheme of its credentials.
    pub scheme: SchemeId,
    /// Limits on what the issuer may confer.
    pub confers: Confers,
    /// The claims of its credentials that list names.
    pub lists: Vec<ListClaim>,
    /// Whether its credentials contain claims, scopes and an `acr`, as tokens do.
    pub has_claims: bool,
    /// The dimensions that its credentials are bound to.
    pub tenancy: IssuerTenancy,
    /// Whether its credentials hold every scope that the issuer may confer.
    pub all_scopes: bool,
    /// Whether its credentials are logins.
    pub login: LoginSource,
    /// The role types of the application, whose `grants` are in effect.
    pub roles: RoleTypes,
}

impl Issuer {
    /// Creates the issuer of callers that a scheme of the application describes. They list roles, permissions and scopes.
    pub fn of_builder(issuer: &str, scheme: SchemeId, confers: Confers, roles: RoleTypes) -> Self {
        let list = |kind, name: &str| ListClaim::new(kind, Form::Array, vec![name.to_owned()]);
        Self {
            issuer: issuer.into(),
            scheme,
            confers,
            lists: vec![
                list(NameKind::Role, "roles"),
                list(NameKind::Permission, "permissions"),
                list(NameKind::Scope, "scope"),
            ],
            has_claims: true,
            tenancy: IssuerTenancy::default(),
            all_scopes: false,
            login: LoginSource::default(),
            roles,
        }
    }

    /// Describes the locations of names that are not the default ones, the tenancy, and whether all scopes are held.
    pub(crate) fn places(&self) -> String {
        let mut places = String::new();
        let is_of_token = self.scheme.is_in_rules(SchemeId::Bearer) || self.scheme == SchemeId::Dpop;
        if is_of_token {
            for list in &self.lists {
                let usual = match list.kind {
                    NameKind::Role => "roles",
                    NameKind::Permission => "permissions",
                    NameKind::Scope | NameKind::Credential => list.kind.word(),
                };
                if list.path == [usual] && list.prefix.is_empty() {
                    continue;
                }
                places += &format!(", {}s at {}", list.kind.word(), list.pointer());
                if !list.prefix.is_empty() {
                    places += &format!(" with the prefix {:?}", list.prefix);
                }
            }
        }
        let IssuerTenancy { always, optional, is_resolved, grants_in_tenants: _ } = &self.tenancy;
        if !always.is_empty() {
            places += &format!(", bound to {}", always.join(", "));
        }
        if !optional.is_empty() {
            places += &format!(", bound to {} if the claim is present", optional.join(", "));
        }
        if *is_resolved {
            places += ", perhaps bound to a tenant";
        }
        if self.all_scopes {
            places += ", with all scopes";
        }
        places += self.effect_on_identity();
        if self.login.vouches_for_email {
            places += ", trusted for email addresses";
        }
        places
    }

    /// Describes whether its credentials are logins. Logins without accounts are the default of a single issuer.
    fn effect_on_identity(&self) -> &'static str {
        let is_token = self.scheme.is_of_own_tokens();
        match self.login.policy {
            LoginPolicy::LoadsAccount if self.login.is_login_session => ", login sessions of an account",
            LoginPolicy::LoadsAccount if is_token => ", acts for an account",
            LoginPolicy::LoadsAccount => ", logs in to an account",
            _ if self.login.is_login_session => ", login sessions",
            // These are never logins.
            _ if is_token || matches!(self.scheme, SchemeId::ClientCertificate | SchemeId::OPEN) => "",
            LoginPolicy::LogsIn => "",
            LoginPolicy::OwnIdentity => ", not a login",
        }
    }

    /// Returns whether a credential of this issuer could prove that the caller does not hold the name.
    pub(crate) fn could_answer(&self, name: Name) -> bool {
        let kind = name.vocabulary.kind;
        self.confers.allows(kind, name.text) && self.names(kind)
    }

    /// Returns whether its credentials may contain names of this kind.
    fn names(&self, kind: NameKind) -> bool {
        self.tenancy.grants_in_tenants || self.lists.iter().any(|list| list.kind == kind)
    }

    /// Returns the kind of its credentials in rules: the name of its source of own tokens, or of its scheme of the application
    /// (TOKEN-10). `None` for other credentials, such as JWTs.
    pub fn credential_kind(&self) -> Option<&str> {
        match self.scheme.is_of_own_tokens() {
            // Keys of an earlier format have an issuer of their own.
            true => Some(self.issuer.strip_prefix("token:").unwrap_or("api-key")),
            false => self.scheme.name_of_application(),
        }
    }

    /// Returns whether its credentials are logins of persons, except those of clients. Certificates are not, and tokens that the
    /// application issues only if they are its login sessions.
    pub fn is_of_logins(&self) -> bool {
        let is_of_program = self.is_of_own_tokens() || self.scheme == SchemeId::ClientCertificate;
        self.login.logs_in() && !is_of_program
    }

    /// Returns whether its credentials are tokens that the application issued, other than its login sessions.
    pub(crate) fn is_of_own_tokens(&self) -> bool {
        self.scheme.is_of_own_tokens() && !self.login.is_login_session
    }

    /// Returns the time of the login of its credentials. A token of a login session states it.
    pub(crate) fn authentication_time(&self) -> AuthenticationTime {
        if self.login.is_login_session { AuthenticationTime::AsClaimed } else { self.scheme.login() }
    }

    /// Returns whether its credentials could hold scopes.
    pub(crate) fn may_confer_scopes(&self) -> bool {
        let scopes = NameKind::Scope;
        let may_confer = self.confers.allows_all(scopes) || self.confers.listed(scopes).next().is_some();
        may_confer && (self.all_scopes || self.names(scopes))
    }

    /// Returns whether every credential of this issuer holds the scope.
    pub(crate) fn has_scope_anyway(&self, kind: NameKind, name: &str) -> bool {
        self.all_scopes && kind == NameKind::Scope && self.confers.allows(kind, name)
    }

    /// Returns whether a credential of this issuer could hold the name directly, or a name that implies or grants it.
    pub(crate) fn could_hold(&self, name: Name) -> bool {
        let kind = name.vocabulary.kind;
        let by_itself = self.names(kind)
            && match self.confers.names(kind) {
                AllowedNames::All => true,
                AllowedNames::Only(names) => names.iter().any(|conferred| implies(name.vocabulary, conferred, name)),
            };
        by_itself
            || self.has_scope_anyway(kind, name.text)
            || (kind == NameKind::Permission
                && self.names(NameKind::Role)
                && self.roles.iter().any(|roles| {
                    (roles.names.iter().zip(0..)).any(|(role, index)| {
                        self.confers.roles.allow(role) && self.roles.could_grant(roles, index, name)
                    })
                }))
    }
}

/// Returns whether a holder of `held` also holds `name`.
pub(crate) fn implies(vocabulary: &'static Vocabulary, held: &str, name: Name) -> bool {
    if vocabulary.open {
        return held == name.text;
    }
    let Some(index) = vocabulary.index_of(held) else { return false };
    let mut bits = Bits::none_of(vocabulary);
    bits.add(vocabulary, index);
    bits.contains(name.index)
}
