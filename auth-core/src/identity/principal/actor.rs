//! Actors, which act on behalf of a principal.

use std::borrow::Cow;

use crate::identity::id::Id;
use crate::runtime::strict_json::Raw;

/// The party that acts, if the credential was issued to act on behalf of another principal (`act`, RFC 8693 §4.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Actor {
    subject: String,
    issuer: String,
    is_client: bool,
    before: Option<Box<Actor>>,
}

impl Actor {
    /// Returns the identity of the actor. It is a client if its `client_id` equals its subject, and otherwise a user. Its issuer is
    /// the `iss` of its `act` claim, or else the issuer of the enclosing claims.
    pub fn id(&self) -> Id {
        let kind = if self.is_client { Id::client } else { Id::user };
        kind(&self.issuer, &self.subject)
    }

    /// Returns the subject of the actor at its issuer.
    pub fn subject(&self) -> &str {
        &self.subject
    }

    pub(crate) fn issuer(&self) -> &str {
        &self.issuer
    }

    pub(crate) fn is_client(&self) -> bool {
        self.is_client
    }

    /// Returns the previous actor in the delegation chain.
    pub fn before(&self) -> Option<&Actor> {
        self.before.as_deref()
    }

    pub(super) fn read(act: Raw<'_>, issuer: &str) -> Option<Self> {
        let subject = act.member("sub")?.string()?.into_owned();
        let issuer = act.member("iss").and_then(Raw::string).map_or_else(|| issuer.to_owned(), Cow::into_owned);
        let before = act.member("act").and_then(|before| Self::read(before, &issuer));
        let is_client = act.member("client_id").and_then(Raw::string).is_some_and(|client| client == subject);
        Some(Self { subject, is_client, before: before.map(Box::new), issuer })
    }
}
