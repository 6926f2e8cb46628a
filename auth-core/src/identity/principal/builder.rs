//! A caller whom a scheme of the application has authenticated.

use std::fmt;
use std::sync::Arc;

use super::{ClaimsError, Principal};
use crate::identity::issuer::Issuer;
use crate::identity::vocabulary::NameKind;
use crate::runtime::clock::Timestamp;

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
        self.named(NameKind::Role, [name.into()])
    }

    /// Who holds these roles and no others, be they none. A rule that asks for the absence of a role holds only where this or
    /// [`role`](Self::role) said which there are.
    pub fn roles(self, names: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.named(NameKind::Role, names.into_iter().map(Into::into))
    }

    /// Who holds the permission.
    pub fn permission(self, name: impl Into<String>) -> Self {
        self.named(NameKind::Permission, [name.into()])
    }

    /// Whose credential carries the scope.
    pub fn scope(self, name: impl Into<String>) -> Self {
        self.named(NameKind::Scope, [name.into()])
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

    fn named(mut self, kind: NameKind, more: impl IntoIterator<Item = String>) -> Self {
        if let Some(names) = self.names.get_mut(kind as usize) {
            names.get_or_insert_default().extend(more);
        }
        self
    }

    /// The principal, of a source whose lists are those of [`Issuer::of_builder`].
    ///
    /// # Errors
    /// The subject is empty, or a registered claim has another type.
    pub fn of(mut self, source: &Arc<Issuer>) -> Result<Principal, ClaimsError> {
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
