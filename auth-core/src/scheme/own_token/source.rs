//! A prepared token source: how its tokens are recognized, and where they are read.

use std::sync::Arc;
use std::time::Duration;

use subtle::ConstantTimeEq as _;

use super::format::TokenPrefix;
use super::lookup::Lookups;
use crate::identity::granted::GrantedRights;
use crate::identity::id::Id;
use crate::identity::issuer::Issuer;
use crate::identity::rights::Rights;
use crate::scheme::authorization_header::{has_jwt_form, is_token68};
use crate::scheme::token_place::{PlaceSet, TokenPlace};
use crate::store::tokens::{ApiKeyFile, Owner, TokenDigest, TokenStore};

/// A token source.
pub(super) struct TokenSource {
    pub(super) name: String,
    pub(super) recognition: Recognition,
    pub(super) places: PlaceSet,
    /// `None` for a fixed token.
    pub(super) store: Option<Arc<dyn TokenStore>>,
    /// The keys of the source, if it is a file of an earlier format.
    pub(super) api_keys: Option<ApiKeyFile>,
    /// The time for which found records are cached. Zero if they are not.
    pub(super) cache: Duration,
    pub(super) lookups: Arc<Lookups>,
    /// Whether the owners of tokens are accounts. Otherwise they are clients.
    pub(super) is_for_accounts: bool,
    /// Whether the tokens are login sessions of the application.
    pub(super) is_login_sessions: bool,
    pub(super) default_ceiling: Rights,
    pub(super) in_header: Arc<Issuer>,
    pub(super) in_authorization: Arc<Issuer>,
}

/// The form by which tokens of a source are recognized.
pub(super) enum Recognition {
    Prefix {
        prefix: TokenPrefix,
        is_unchecked: bool,
    },
    Opaque,
    Fixed {
        digest: TokenDigest,
        granted: GrantedRights,
        /// The rights, for the access matrix.
        description: String,
    },
}

impl TokenSource {
    /// Returns the identity of callers with tokens of an owner.
    pub(super) fn identity(&self, owner: &Owner) -> Id {
        match owner {
            Owner::Account(id) => id.identity(),
            Owner::Client(name) => Id::client(&self.in_header.issuer, name),
        }
    }

    fn has_prefix_of(&self, token: &[u8]) -> bool {
        matches!(&self.recognition, Recognition::Prefix { prefix, .. } if token.starts_with(prefix.as_str().as_bytes()))
    }
}

/// Returns the source of a token in this place: the one with its prefix, the fixed one, or the one of opaque tokens (TOKEN-1). All
/// fixed tokens are compared, each in constant time. Other tokens in the form of a JWT belong to no source, and are not hashed, because
/// every request with a JWT comes here.
///
/// A token with the prefix of a source that is read elsewhere belongs to no source here. It would otherwise count as an opaque token, if
/// the sources share a store. A bare line with a space is a scheme with a credential, whatever it begins with (TOKEN-11).
pub(super) fn source_of<'s>(
    sources: &'s [TokenSource],
    place: TokenPlace<'_>,
    token: &[u8],
) -> Option<&'s TokenSource> {
    if matches!(place, TokenPlace::Bare) && token.contains(&b' ') {
        return None;
    }
    if let Some(source) = sources.iter().find(|source| source.has_prefix_of(token)) {
        return source.places.has(place).then_some(source);
    }
    let here = || sources.iter().filter(|source| source.places.has(place));
    if has_jwt_form(token) {
        return None;
    }
    let presented = TokenDigest::sha256(token);
    let is_equal = |source: &TokenSource| match &source.recognition {
        Recognition::Fixed { digest, .. } => digest.as_bytes().ct_eq(presented.as_bytes()).into(),
        Recognition::Prefix { .. } | Recognition::Opaque => false,
    };
    let fixed = here().fold(None, |found, source| if is_equal(source) { Some(source) } else { found });
    let may_be_opaque = || std::str::from_utf8(token).is_ok_and(is_token68);
    fixed
        .or_else(|| here().find(|source| matches!(source.recognition, Recognition::Opaque)).filter(|_| may_be_opaque()))
}
