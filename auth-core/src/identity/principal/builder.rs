//! Builder of principals for schemes of the application.

use std::fmt;
use std::sync::Arc;

use super::{ClaimsError, Principal};
use crate::identity::issuer::Issuer;
use crate::identity::rights::Rights;
use crate::identity::vocabulary::NameKind;
use crate::runtime::clock::Timestamp;

/// Builder of a caller that a scheme of the application has authenticated, from a subject and further facts.
///
/// ```
/// use auth_actix::Principal;
/// let alice = Principal::builder("alice").role("editor").claim("org", "acme");
/// ```
#[derive(Clone)]
#[must_use]
pub struct PrincipalBuilder {
    claims: serde_json::Map<String, serde_json::Value>,
    /// `None` if the names are unspecified. The absence of a name is then unknown.
    names: [Option<Vec<String>>; 3],
    ceiling: Option<Rights>,
}

impl Principal {
    /// Starts to build a user of a scheme of the application.
    pub fn builder(subject: impl Into<String>) -> PrincipalBuilder {
        let claims = serde_json::Map::from_iter([("sub".to_owned(), subject.into().into())]);
        PrincipalBuilder { claims, names: Default::default(), ceiling: None }
    }
}

impl PrincipalBuilder {
    /// Makes the principal a client instead of a user. A client is a program that acts on its own behalf.
    pub fn client(self) -> Self {
        let subject = self.claims.get("sub").cloned().unwrap_or_default();
        self.claim("client_id", subject)
    }

    /// Adds a role.
    pub fn role(self, name: impl Into<String>) -> Self {
        self.named(NameKind::Role, [name.into()])
    }

    /// Adds roles, possibly none. The principal then holds the added roles and no others. A rule that requires the absence of a
    /// role holds only if this method or [`role`](Self::role) was called.
    pub fn roles(self, names: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.named(NameKind::Role, names.into_iter().map(Into::into))
    }

    /// Adds a permission.
    pub fn permission(self, name: impl Into<String>) -> Self {
        self.named(NameKind::Permission, [name.into()])
    }

    /// Adds an OAuth 2.0 scope of the credential.
    pub fn scope(self, name: impl Into<String>) -> Self {
        self.named(NameKind::Scope, [name.into()])
    }

    /// Limits the credential to these rights, within what the scheme may confer. Its scopes are then those of `ceiling`, and its
    /// roles and permissions those that `ceiling` contains as well.
    ///
    /// A limited credential passes a rule only by a role, a permission or a scope: `require_auth` refuses it with 403, since a
    /// credential without rights must not do what its owner may do. `any_token = "…"` in an attribute lifts this for a handler.
    /// [`Rights::everything`] limits nothing.
    pub fn ceiling(self, ceiling: Rights) -> Self {
        Self { ceiling: Some(ceiling), ..self }
    }

    /// Sets a claim.
    pub fn claim(mut self, name: impl Into<String>, value: impl Into<serde_json::Value>) -> Self {
        self.claims.insert(name.into(), value.into());
        self
    }

    /// Sets the time of the login.
    pub fn authenticated_at(self, at: Timestamp) -> Self {
        self.claim("auth_time", at.seconds())
    }

    /// Sets the expiration time of the credential.
    pub fn expires_at(self, at: Timestamp) -> Self {
        self.claim("exp", at.seconds())
    }

    fn named(mut self, kind: NameKind, more: impl IntoIterator<Item = String>) -> Self {
        if let Some(names) = self.names.get_mut(kind as usize) {
            names.get_or_insert_default().extend(more);
        }
        self
    }

    /// Builds the principal. `source` must have the lists of [`Issuer::of_builder`].
    ///
    /// # Errors
    /// The subject is empty or was replaced by a claim that is not a string, or the claims exceed the limits of the strict JSON
    /// reader.
    pub fn of(mut self, source: &Arc<Issuer>) -> Result<Principal, ClaimsError> {
        for (list, names) in source.lists.iter().zip(std::mem::take(&mut self.names)) {
            let name = list.path.first().cloned().unwrap_or_default();
            // Only the methods for names fill the lists. A claim with the name of a list is dropped.
            self.claims.remove(&name);
            if let Some(names) = names {
                self.claims.insert(name, names.into());
            }
        }
        let claims = serde_json::Value::Object(self.claims).to_string();
        let principal = Principal::from_claims(Arc::clone(source), claims)?;
        Ok(match self.ceiling {
            Some(ceiling) => principal.with_ceiling(ceiling),
            None => principal,
        })
    }
}

/// Shows only the subject. Redacts names and claims.
impl fmt::Debug for PrincipalBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PrincipalBuilder").field("sub", &self.claims.get("sub")).finish_non_exhaustive()
    }
}
