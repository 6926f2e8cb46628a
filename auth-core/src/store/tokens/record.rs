//! The record of a token.

use super::id::TokenId;
use crate::identity::account_id::AccountId;
use crate::identity::network::Network;
use crate::identity::rights::Rights;
use crate::identity::tenant::Tenant;
use crate::runtime::clock::WallTime;

/// The owner of a token.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Owner {
    /// The token acts for an account.
    Account(AccountId),
    /// The token is a client of its own, with this name. Tokens of one name share one identity.
    Client(Box<str>),
}

/// A token as its store keeps it, without the token and without its digest.
///
/// Stores keep whole seconds of each time, rounded down. They return expired and revoked records too, because the caller decides
/// what these mean.
///
/// ```
/// use std::time::{Duration, SystemTime};
/// use auth_actix::identity::{AccountId, Rights};
/// use auth_actix::tokens::{Owner, TokenId, TokenRecord};
/// let now = SystemTime::now();
/// let mut record = TokenRecord::new(TokenId::generate()?, Owner::Account(AccountId::new("member", 7)), now);
/// record.name = "ci".to_owned();
/// record.ceiling = Some(Rights::new().scopes(["projects:write"]));
/// record.expires = Some(now + Duration::from_secs(90 * 24 * 60 * 60));
/// assert!(record.check().is_ok());
/// # Ok::<(), auth_actix::tokens::RandomUnavailable>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TokenRecord {
    /// The public identifier. Unique in the store.
    pub id: TokenId,
    /// The identifier of the first token of a series of rotations. A revocation revokes all tokens of the lineage. Default: the
    /// token's own identifier.
    pub lineage: TokenId,
    /// The owner. Its kind and its id, or its name, have 1 to 512 bytes each, without control characters.
    pub owner: Owner,
    /// The name that the owner gave to the token, for lists. At most 512 bytes, without control characters. Default: empty.
    pub name: String,
    /// The time of issue. A rotated token of a login session keeps the time of the login.
    pub created: WallTime,
    /// The time from which on the token is expired. Default: `None`, which never expires.
    pub expires: Option<WallTime>,
    /// The time of the last use, with a resolution of one minute. Default: `None`, which is a token without a recorded use.
    pub last_used: Option<WallTime>,
    /// The rights that the token is limited to. Default: `None`, which is a record of another writer that names no ceiling. The
    /// settings of the token source then apply.
    pub ceiling: Option<Rights>,
    /// The tenants that the token is bound to. Default: `None`, which does not bind the token. With an empty list it counts nowhere.
    pub tenants: Option<Vec<Tenant>>,
    /// The networks from which the token counts. Default: `None`, which does not bind the token. With an empty list it counts
    /// nowhere.
    pub networks: Option<Vec<Network>>,
    /// Whether the token is revoked. Default: `false`.
    pub revoked: bool,
}

/// An error of a record. Names the field, and contains none of its content.
#[derive(Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TokenRecordError {
    /// An identifier is invalid.
    #[error("the identifier or the lineage of the token is invalid")]
    Id,
    /// The owner is empty, is longer than 512 bytes, or contains a control character.
    #[error("the owner of the token is empty, longer than 512 bytes, or contains a control character")]
    Owner,
    /// The name is longer than 512 bytes, or contains a control character.
    #[error("the name of the token is longer than 512 bytes, or contains a control character")]
    Name,
    /// The platform cannot represent a time.
    #[error("a time of the token is out of range")]
    Time,
    /// The ceiling, the tenants or the networks are invalid, or their JSON text is longer than 64 KiB.
    #[error("the ceiling, the tenants or the networks of the token are invalid")]
    Limits,
    /// The mark of revoked tokens is invalid.
    #[error("the mark of revoked tokens is invalid")]
    Revoked,
}

crate::debug_as_display!(TokenRecordError);

impl TokenRecord {
    /// Maximum length of a name, and of each part of an owner, in bytes.
    pub const MAX_TEXT_LENGTH: usize = 512;

    /// Creates the record of a token that begins a lineage.
    pub fn new(id: TokenId, owner: Owner, created: WallTime) -> Self {
        Self {
            lineage: id.clone(),
            id,
            owner,
            name: String::new(),
            created,
            expires: None,
            last_used: None,
            ceiling: None,
            tenants: None,
            networks: None,
            revoked: false,
        }
    }

    /// Returns whether the other token has replaced this one in a rotation: it has the same lineage and is valid for longer.
    pub fn is_replaced_by(&self, other: &Self) -> bool {
        let is_longer = self.expires.is_some_and(|end| other.expires.is_none_or(|other| other > end));
        self.lineage == other.lineage && self.id != other.id && is_longer
    }
}
