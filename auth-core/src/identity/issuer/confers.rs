//! Limits on what an issuer may confer.

use std::collections::BTreeSet;

use crate::identity::vocabulary::NameKind;

/// The names, claims and assurance levels that the credentials of one issuer may confer. All others are dropped before the
/// decision.
///
/// A single issuer confers everything by default. With several issuers, each needs an explicit `.confers(…)`, because otherwise the
/// weakest issuer could create administrators.
///
/// ```
/// use auth_actix::Confers;
/// let partner = Confers::nothing().roles(["viewer"]).scopes(["read:reports"]);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Confers {
    pub(super) roles: AllowedNames,
    permissions: AllowedNames,
    scopes: AllowedNames,
    claims: AllowedNames,
    acr: AllowedNames,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum AllowedNames {
    All,
    Only(BTreeSet<String>),
}

impl AllowedNames {
    pub(super) fn allow(&self, name: &str) -> bool {
        match self {
            Self::All => true,
            Self::Only(names) => names.contains(name),
        }
    }

    fn only(names: impl IntoIterator<Item = impl ToString>) -> Self {
        Self::Only(names.into_iter().map(|name| name.to_string()).collect())
    }

    /// Returns the listed names. Empty if all names are allowed.
    fn listed(&self) -> impl Iterator<Item = &str> {
        let names = match self {
            Self::All => None,
            Self::Only(names) => Some(names),
        };
        names.into_iter().flatten().map(String::as_str)
    }
}

impl std::fmt::Display for Confers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let kinds = [
            ("roles", &self.roles),
            ("permissions", &self.permissions),
            ("scopes", &self.scopes),
            ("claims", &self.claims),
            ("acr values", &self.acr),
        ];
        if kinds.iter().all(|(_, names)| **names == AllowedNames::All) {
            return f.write_str("everything");
        }
        let mut said = Vec::new();
        for (kind, names) in kinds {
            match names {
                AllowedNames::All => said.push(format!("all {kind}")),
                AllowedNames::Only(names) if names.is_empty() => {}
                AllowedNames::Only(names) => {
                    let names: Vec<_> = names.iter().map(|name| format!("{name:?}")).collect();
                    said.push(format!("{kind} {}", names.join(", ")));
                }
            }
        }
        f.write_str(&if said.is_empty() { "only an identity".to_owned() } else { said.join("; ") })
    }
}

impl Confers {
    /// Allows everything that the credentials contain.
    pub const fn everything() -> Self {
        Self {
            roles: AllowedNames::All,
            permissions: AllowedNames::All,
            scopes: AllowedNames::All,
            claims: AllowedNames::All,
            acr: AllowedNames::All,
        }
    }

    /// Allows these roles, permissions and scopes, and no claims and assurance levels. `None` is every name of the kind.
    pub(crate) fn of_names([roles, permissions, scopes]: [Option<Vec<String>>; 3]) -> Self {
        let names = |names: Option<Vec<String>>| names.map_or(AllowedNames::All, AllowedNames::only);
        let (roles, permissions, scopes) = (names(roles), names(permissions), names(scopes));
        Self { roles, permissions, scopes, ..Self::nothing() }
    }

    /// Allows no names, claims and assurance levels: the credentials only identify their callers. The other methods allow more.
    pub const fn nothing() -> Self {
        const NONE: AllowedNames = AllowedNames::Only(BTreeSet::new());
        Self { roles: NONE, permissions: NONE, scopes: NONE, claims: NONE, acr: NONE }
    }

    /// Allows these roles, with everything that they imply and grant. Accepts names or values of the role type.
    #[must_use]
    pub fn roles(self, names: impl IntoIterator<Item = impl ToString>) -> Self {
        Self { roles: AllowedNames::only(names), ..self }
    }

    /// Allows these permissions, in addition to those that roles grant. Accepts names or values of the permission type.
    #[must_use]
    pub fn permissions(self, names: impl IntoIterator<Item = impl ToString>) -> Self {
        Self { permissions: AllowedNames::only(names), ..self }
    }

    /// Allows these OAuth 2.0 scopes. Accepts names or values of the scope type.
    #[must_use]
    pub fn scopes(self, names: impl IntoIterator<Item = impl ToString>) -> Self {
        Self { scopes: AllowedNames::only(names), ..self }
    }

    /// Allows these claims, for `require_claim` and for the application.
    #[must_use]
    pub fn claims(self, names: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Self { claims: AllowedNames::only(names.into_iter().map(Into::<String>::into)), ..self }
    }

    /// Allows these values of `acr`.
    #[must_use]
    pub fn acr(self, values: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Self { acr: AllowedNames::only(values.into_iter().map(Into::<String>::into)), ..self }
    }

    /// Returns whether the issuer may confer `name` of this kind: `role`, `permission`, `scope`, `claim` or `acr`.
    pub fn says(&self, kind: &str, name: &str) -> bool {
        match kind {
            "role" => self.roles.allow(name),
            "permission" => self.permissions.allow(name),
            "scope" => self.scopes.allow(name),
            "claim" => self.claims.allow(name),
            "acr" => self.acr.allow(name),
            _ => false,
        }
    }

    /// Returns the listed names of this kind. Empty if all names are allowed.
    pub fn listed(&self, kind: NameKind) -> impl Iterator<Item = &str> {
        self.names(kind).listed()
    }

    pub(crate) fn allows_all(&self, kind: NameKind) -> bool {
        *self.names(kind) == AllowedNames::All
    }

    pub(crate) fn allows(&self, kind: NameKind, name: &str) -> bool {
        self.names(kind).allow(name)
    }

    pub(crate) fn allows_claim(&self, name: &str) -> bool {
        self.claims.allow(name)
    }

    pub(crate) fn allows_every_claim(&self) -> bool {
        self.claims == AllowedNames::All
    }

    pub(crate) fn allows_every_acr(&self) -> bool {
        self.acr == AllowedNames::All
    }

    pub(crate) fn allows_acr(&self, value: &str) -> bool {
        self.acr.allow(value)
    }

    pub(super) const fn names(&self, kind: NameKind) -> &AllowedNames {
        match kind {
            NameKind::Role => &self.roles,
            NameKind::Permission => &self.permissions,
            NameKind::Scope => &self.scopes,
            NameKind::Credential => &NO_NAMES,
        }
    }
}

/// The kind of a credential is not a right that an issuer confers.
static NO_NAMES: AllowedNames = AllowedNames::Only(BTreeSet::new());
