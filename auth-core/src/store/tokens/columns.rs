//! The fields of a record in the form that tables and files store.

use super::id::TokenId;
use super::record::{Owner, TokenRecord, TokenRecordError};
use crate::identity::account_id::AccountId;
use crate::runtime::clock::{Timestamp, WallTime};
use crate::store::unavailable::StoreUnavailable;

/// The fields of a record in the form that tables and files store.
#[doc(hidden)]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenColumns {
    pub id: String,
    pub lineage: String,
    /// The kind of the account. Empty for a client.
    pub owner_kind: String,
    /// The id of the account, or the name of the client.
    pub owner: String,
    pub name: String,
    /// Seconds since 1970, as all times.
    pub created: i64,
    pub expires: Option<i64>,
    pub last_used: Option<i64>,
    /// The text of [`TokenRecord::limits`].
    pub limits: String,
    /// 0 or 1.
    pub revoked: i64,
}

impl TokenColumns {
    /// Returns the fields of a record.
    ///
    /// # Errors
    /// The record is invalid.
    pub fn of(record: &TokenRecord) -> Result<Self, TokenRecordError> {
        let seconds = |time| Timestamp::from_wall_time(time).seconds();
        let (owner_kind, owner) = owner(&record.owner).ok_or(TokenRecordError::Owner)?;
        if !is_text(&record.name) {
            return Err(TokenRecordError::Name);
        }
        Ok(Self {
            id: record.id.to_string(),
            lineage: record.lineage.to_string(),
            owner_kind: owner_kind.to_owned(),
            owner: owner.to_owned(),
            name: record.name.clone(),
            created: seconds(record.created),
            expires: record.expires.map(seconds),
            last_used: record.last_used.map(seconds),
            limits: record.limits()?,
            revoked: record.revoked.into(),
        })
    }

    /// Returns the record.
    ///
    /// # Errors
    /// A field is invalid.
    pub fn record(self) -> Result<TokenRecord, TokenRecordError> {
        let time = |seconds| Timestamp::from_seconds(seconds).to_wall_time().ok_or(TokenRecordError::Time);
        let id = |text: &str| text.parse::<TokenId>().map_err(|_| TokenRecordError::Id);
        let optional = |seconds: Option<i64>| seconds.map(time).transpose();
        let owner = match &*self.owner_kind {
            "" => Owner::Client(self.owner.into()),
            kind => Owner::Account(AccountId::stored(kind, &self.owner)),
        };
        let mut record = TokenRecord::new(id(&self.id)?, owner, time(self.created)?);
        record.lineage = id(&self.lineage)?;
        record.name = self.name;
        record.expires = optional(self.expires)?;
        record.last_used = optional(self.last_used)?;
        record.set_limits(&self.limits)?;
        record.revoked = match self.revoked {
            0 => false,
            1 => true,
            _ => return Err(TokenRecordError::Revoked),
        };
        record.check()?;
        Ok(record)
    }
}

impl TokenRecord {
    /// Checks whether a store can keep the record. [`TokenAdmin::insert`](super::TokenAdmin::insert) fails without a reason.
    ///
    /// # Errors
    /// The owner, the name or a limit is invalid.
    pub fn check(&self) -> Result<(), TokenRecordError> {
        TokenColumns::of(self).map(drop)
    }
}

/// Returns the kind and the id of an owner as they are stored, for queries. `None` if no store can contain it.
#[doc(hidden)]
pub fn owner(owner: &Owner) -> Option<(&str, &str)> {
    let (kind, id) = match owner {
        Owner::Account(id) if id.kind().is_empty() => return None,
        Owner::Account(id) => (id.kind(), id.text()),
        Owner::Client(name) => ("", &**name),
    };
    (is_text(kind) && is_text(id) && !id.is_empty()).then_some((kind, id))
}

/// Returns the record as a database returns it: valid, with whole seconds.
pub(super) fn stored(record: &TokenRecord) -> Result<TokenRecord, StoreUnavailable> {
    TokenColumns::of(record).and_then(TokenColumns::record).map_err(|error| {
        tracing::error!(target: "auth_core", %error, "a token cannot be stored");
        StoreUnavailable
    })
}

/// Returns the time of whole seconds that a store keeps.
pub(super) fn whole_seconds(time: WallTime) -> WallTime {
    Timestamp::from_wall_time(time).to_wall_time().unwrap_or(time)
}

/// A database may be unable to contain a control character, and a name must not forge a line of a list.
fn is_text(text: &str) -> bool {
    text.len() <= TokenRecord::MAX_TEXT_LENGTH && !text.contains(char::is_control)
}
