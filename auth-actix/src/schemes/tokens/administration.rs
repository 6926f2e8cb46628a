//! Issuing, rotating and revoking tokens.

use std::future::Future;
use std::time::Duration;

use auth_core::audit::{Event, EventKind};
use auth_core::runtime::clock::{self, Timestamp, WallTime};
use auth_core::runtime::timeout;
use auth_core::scheme::own_token::{ManagedTokens, TokenAdministration};
use auth_core::store::tokens::{Owner, RandomUnavailable, TokenAdmin, TokenId, TokenRecord, TokenRecordError};
use auth_core::store::unavailable::StoreUnavailable;

use super::issue_error::IssueError;
use super::new_token::{IssuedToken, NewToken};
use super::source::Tokens;
use crate::auth::Auth;

/// Maximum number of stored tokens of an owner, with expired and revoked ones.
const MAX_STORED_PER_OWNER: usize = 1000;

const NO_AUTH: &str = "these `Tokens` belong to no `Auth`: give a clone to `AuthBuilder::tokens`, and issue tokens while the `Auth` exists";

impl Tokens {
    /// Issues a token. Its secret is in the returned value only.
    ///
    /// The token always has a ceiling, which is empty if [`NewToken`] names nothing. An owner has at most
    /// [`MAX_PER_OWNER`](Self::MAX_PER_OWNER) valid tokens. An audit event is recorded before the token is stored.
    ///
    /// # Errors
    /// See [`IssueError`].
    pub async fn issue(&self, new: NewToken) -> Result<IssuedToken, IssueError> {
        let auth = self.auth()?;
        issue(&auth, self.managed(&auth)?, new).await
    }

    /// Issues a successor of a token, and ends the token after `overlap`. Both are of the same lineage, so that a revocation of one
    /// revokes both. The successor has the owner, the name, the limits and the expiry of the token. A use of the old token after the
    /// overlap is an audit event.
    ///
    /// No caller is checked: compare the [owner](TokenRecord::owner) first, if a caller names the token.
    ///
    /// # Errors
    /// [`IssueError::UnknownToken`] if the token is unknown, expired or revoked, or was rotated before. For others, see [`IssueError`].
    pub async fn rotate(&self, id: &TokenId, overlap: Duration) -> Result<IssuedToken, IssueError> {
        let auth = self.auth()?;
        let tokens = self.managed(&auth)?;
        let admin = tokens.admin().ok_or(IssueError::ReadOnly)?;
        let now = clock::now();
        let known = ask(admin.find_by_id(id)).await?.filter(|record| is_valid(record, now));
        let old = known.ok_or(IssueError::UnknownToken)?;
        let others = ask(admin.list(&old.owner)).await?;
        if others.iter().any(|other| old.is_replaced_by(other)) {
            return Err(IssueError::UnknownToken);
        }
        if others.len() >= MAX_STORED_PER_OWNER && !tokens.is_login_sessions() {
            return Err(IssueError::LimitReached);
        }
        let end = time(now.plus(overlap))?;
        let mut successor = old.clone();
        (successor.id, successor.last_used) = (new_id()?, None);
        if !tokens.is_login_sessions() {
            successor.created = time(now)?;
        }
        let entry = format!("token {id} of {}, replaced by {}", tokens.name(), successor.id);
        let event = event(EventKind::TokenRotated, tokens, &old.owner, entry);
        let issued = insert(&auth, tokens, successor, event).await?;
        // If this fails, the secret of the successor is lost, and the token can be rotated again.
        ask(admin.end_at(id, end)).await?;
        tokens.clear_cache();
        Ok(issued)
    }

    /// Revokes a token and all tokens of its lineage, from the next request on. Returns whether a token was revoked that was not
    /// revoked before.
    ///
    /// # Errors
    /// The store is unavailable, or cannot be changed.
    pub async fn revoke(&self, id: &TokenId) -> Result<bool, IssueError> {
        let auth = self.auth()?;
        let tokens = self.managed(&auth)?;
        let admin = tokens.admin().ok_or(IssueError::ReadOnly)?;
        match ask(admin.find_by_id(id)).await? {
            Some(record) => revoke(&auth, tokens, admin, &record).await,
            None => Ok(false),
        }
    }

    fn auth(&self) -> Result<Auth, IssueError> {
        self.link.get().ok_or(IssueError::SetUp(NO_AUTH))
    }

    fn managed<'a>(&self, auth: &'a Auth) -> Result<ManagedTokens<'a>, IssueError> {
        source(auth, self.settings.name())
    }
}

/// Returns a source of the `Auth`.
pub(super) fn source<'a>(auth: &'a Auth, name: &str) -> Result<ManagedTokens<'a>, IssueError> {
    let source = auth.engine().part::<TokenAdministration>().and_then(|tokens| tokens.source(name));
    source.ok_or(IssueError::SetUp(NO_AUTH))
}

/// Awaits a call of the store.
pub(super) async fn ask<T>(call: impl Future<Output = Result<T, StoreUnavailable>>) -> Result<T, IssueError> {
    timeout::with_timeout(call).await.and_then(Result::ok).ok_or(IssueError::Unavailable)
}

pub(super) fn new_id() -> Result<TokenId, IssueError> {
    TokenId::generate().map_err(|RandomUnavailable| IssueError::Unavailable)
}

fn time(at: Timestamp) -> Result<WallTime, IssueError> {
    at.to_wall_time().ok_or(IssueError::Invalid(TokenRecordError::Time))
}

/// Returns whether the token is neither expired nor revoked.
pub(super) fn is_valid(record: &TokenRecord, now: Timestamp) -> bool {
    let is_expired = record.expires.is_some_and(|end| Timestamp::from_wall_time(end) <= now);
    !record.revoked && !is_expired
}

/// Issues a token.
pub(super) async fn issue(auth: &Auth, tokens: ManagedTokens<'_>, new: NewToken) -> Result<IssuedToken, IssueError> {
    let admin = tokens.admin().ok_or(IssueError::ReadOnly)?;
    let (record, why) = new.record(auth, tokens).await.inspect_err(|error| record_denied(auth, error))?;
    make_room(auth, tokens, admin, &record.owner).await?;
    let entry = format!("token {} of {}", record.id, tokens.name());
    let mut event = event(EventKind::TokenIssued, tokens, &record.owner, entry);
    event.cause = why;
    insert(auth, tokens, record, event).await
}

/// Stores a token after the audit event about it.
async fn insert(
    auth: &Auth,
    tokens: ManagedTokens<'_>,
    record: TokenRecord,
    event: Event,
) -> Result<IssuedToken, IssueError> {
    let admin = tokens.admin().ok_or(IssueError::ReadOnly)?;
    let generated = tokens.generate().map_err(|RandomUnavailable| IssueError::Unavailable)?;
    let (secret, digest) = generated.ok_or(IssueError::ReadOnly)?;
    auth.engine().record_first(|| event).map_err(|_| IssueError::Unavailable)?;
    ask(admin.insert(&digest, record.clone())).await?;
    Ok(IssuedToken { secret, id: record.id.clone(), record })
}

/// Revokes the lineage of a token, and ends its tokens, so that stores remove them in time.
pub(super) async fn revoke(
    auth: &Auth,
    tokens: ManagedTokens<'_>,
    admin: &dyn TokenAdmin,
    record: &TokenRecord,
) -> Result<bool, IssueError> {
    let is_new = ask(admin.revoke(&record.lineage)).await?;
    tokens.clear_cache();
    if is_new {
        let entry = format!("token {} of {}", record.id, tokens.name());
        auth.engine().record(&event(EventKind::TokenRevoked, tokens, &record.owner, entry));
        let now = clock::now();
        for of_owner in ask(admin.list(&record.owner)).await? {
            if of_owner.lineage == record.lineage {
                ask(admin.end_at(&of_owner.id, time(now)?)).await?;
            }
        }
    }
    Ok(is_new)
}

/// Checks the number of tokens of an owner. If they are login sessions, the oldest are revoked.
async fn make_room(
    auth: &Auth,
    tokens: ManagedTokens<'_>,
    admin: &dyn TokenAdmin,
    owner: &Owner,
) -> Result<(), IssueError> {
    let now = clock::now();
    let records = ask(admin.list(owner)).await?;
    let valid: Vec<_> = records.iter().filter(|record| is_valid(record, now)).collect();
    let too_many = (valid.len() + 1).saturating_sub(Tokens::MAX_PER_OWNER);
    if !tokens.is_login_sessions() {
        let is_full = too_many > 0 || records.len() >= MAX_STORED_PER_OWNER;
        return if is_full { Err(IssueError::LimitReached) } else { Ok(()) };
    }
    for oldest in valid.into_iter().take(too_many) {
        revoke(auth, tokens, admin, oldest).await?;
    }
    Ok(())
}

fn event(kind: EventKind, tokens: ManagedTokens<'_>, owner: &Owner, entry: String) -> Event {
    let mut event = Event::new(clock::now(), kind);
    event.subject = Some(tokens.identity(owner).to_string());
    event.entry = Some(entry);
    event
}

/// Records that a caller may not issue a token.
fn record_denied(auth: &Auth, error: &IssueError) {
    let IssueError::Denied(denial) = error else { return };
    let row = denial.reason.response();
    let mut event = Event::new(clock::now(), EventKind::Denied);
    event.subject = denial.caller.as_ref().map(ToString::to_string);
    event.scheme = denial.scheme.map(|scheme| scheme.name());
    (event.status, event.problem, event.cause) = (Some(row.status), Some(row.problem), denial.cause);
    auth.engine().record(&event);
}
