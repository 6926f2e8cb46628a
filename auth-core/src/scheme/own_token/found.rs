//! A token that a store has found: its checks, and its caller.

use std::sync::{Arc, Mutex, OnceLock};

use super::source::TokenSource;
use crate::denial::Reason;
use crate::identity::account_id::AccountId;
use crate::identity::granted::GrantedRights;
use crate::identity::issuer::Issuer;
use crate::identity::network::Network;
use crate::identity::principal::{Binding, Principal};
use crate::identity::rights::Rights;
use crate::runtime::clock::{Moment, Timestamp};
use crate::store::tokens::{Owner, TokenId, TokenRecord};

/// The record of a token, with its callers by the issuers of the places in which it was presented. Contains what the store has
/// answered, and nothing about a request (H8).
pub(super) struct FoundToken {
    pub(super) record: TokenRecord,
    callers: [OnceLock<Caller>; 2],
    /// The time until which further uses are not recorded.
    pub(super) noted: Mutex<Option<Moment>>,
}

/// A caller, and the version of the grants of roles in which its names are found.
struct Caller {
    grants: u64,
    principal: Principal,
}

/// The reason why a record yields no caller.
pub(super) enum NoCaller {
    /// The token is not accepted.
    Refused(Reason, &'static str),
    /// The record contradicts the settings of its source.
    Unusable(&'static str),
}

impl FoundToken {
    pub(super) fn new(record: TokenRecord) -> Self {
        Self { record, callers: Default::default(), noted: Mutex::default() }
    }

    /// Returns the caller, unless the token is revoked or expired. Repeated for each use of a cached record (TOKEN-15).
    pub(super) fn caller(
        &self,
        source: &TokenSource,
        issuer: &Arc<Issuer>,
        now: Timestamp,
    ) -> Result<Principal, NoCaller> {
        if self.record.revoked {
            return Err(NoCaller::Refused(Reason::RevokedCredentials, "the token was revoked"));
        }
        let expires = self.record.expires.map(Timestamp::from_wall_time);
        if expires.is_some_and(|expires| expires <= now) {
            return Err(NoCaller::Refused(Reason::ExpiredCredentials, "the token has expired"));
        }
        let [in_header, in_authorization] = &self.callers;
        let kept = if Arc::ptr_eq(issuer, &source.in_header) { in_header } else { in_authorization };
        // Read before the caller is made. If grants are replaced meanwhile, the kept caller does not match the new ones.
        let grants = issuer.roles.changes();
        if let Some(caller) = kept.get().filter(|caller| caller.grants == grants) {
            return Ok(caller.principal.clone());
        }
        let principal = caller_of(&self.record, source, issuer, expires)?;
        // A caller of replaced grants stays until the record leaves the cache.
        let _ = kept.set(Caller { grants, principal: principal.clone() });
        Ok(principal)
    }
}

fn caller_of(
    record: &TokenRecord,
    source: &TokenSource,
    issuer: &Arc<Issuer>,
    expires: Option<Timestamp>,
) -> Result<Principal, NoCaller> {
    let principal = match &record.owner {
        Owner::Client(name) if !source.is_for_accounts => {
            client_principal(issuer, name, Some(&record.id), expires).map(|client| as_client(client, source, record))
        }
        Owner::Account(account) if source.is_for_accounts => {
            let mut claims = Claims::new(&account.to_string(), Some(&record.id), expires);
            if source.is_login_sessions {
                claims.add("auth_time", &Timestamp::from_wall_time(record.created).seconds());
            }
            let principal = claims.caller(issuer);
            principal.map(|principal| for_account(principal, account, source, record))
        }
        Owner::Client(_) | Owner::Account(_) => {
            return Err(NoCaller::Unusable("the owner of the token is not of the kind of its source"));
        }
    };
    principal.ok_or(NoCaller::Unusable("the record of the token has no owner"))
}

/// Returns a client of the issuer. A program acts on its own behalf, which `client_id` indicates (RFC 9068 §5). Block lists block a
/// token by its identifier (`jti`).
pub(super) fn client_principal(
    issuer: &Arc<Issuer>,
    name: &str,
    id: Option<&TokenId>,
    expires: Option<Timestamp>,
) -> Option<Principal> {
    let mut claims = Claims::new(name, id, expires);
    claims.add("client_id", name);
    claims.caller(issuer)
}

/// Claims as JSON text, written in one piece because each lookup creates them.
struct Claims(Vec<u8>);

impl Claims {
    fn new(subject: &str, id: Option<&TokenId>, expires: Option<Timestamp>) -> Self {
        let mut claims = Self(Vec::with_capacity(128));
        claims.add("sub", subject);
        if let Some(id) = id {
            claims.add("jti", id.as_str());
        }
        if let Some(expires) = expires {
            claims.add("exp", &expires.seconds());
        }
        claims
    }

    fn add(&mut self, name: &str, value: &(impl serde::Serialize + ?Sized)) {
        self.0.push(if self.0.is_empty() { b'{' } else { b',' });
        // Writing to memory does not fail.
        let _ = serde_json::to_writer(&mut self.0, name);
        self.0.push(b':');
        let _ = serde_json::to_writer(&mut self.0, value);
    }

    fn caller(mut self, issuer: &Arc<Issuer>) -> Option<Principal> {
        self.0.push(b'}');
        Principal::from_claims(Arc::clone(issuer), String::from_utf8(self.0).ok()?).ok()
    }
}

/// Limits a token of an account to its ceiling, tenants and networks (RIGHTS-5, RIGHTS-6).
fn for_account(principal: Principal, account: &AccountId, source: &TokenSource, record: &TokenRecord) -> Principal {
    let principal = principal.acting_for(account.clone(), binding_of(record), networks_of(record));
    principal.with_ceiling(ceiling_of(record, source).clone())
}

fn ceiling_of<'a>(record: &'a TokenRecord, source: &'a TokenSource) -> &'a Rights {
    record.ceiling.as_ref().unwrap_or(&source.default_ceiling)
}

fn binding_of(record: &TokenRecord) -> Binding {
    record.tenants.as_ref().map_or(Binding::None, |tenants| Binding::Only(tenants.clone().into()))
}

fn networks_of(record: &TokenRecord) -> Option<Arc<[Network]>> {
    record.networks.as_deref().map(Arc::from)
}

/// Gives a client the rights of its token: the ceiling, in the tenants of the token if it has any, and only from its networks
/// (TOKEN-12, TOKEN-13).
fn as_client(principal: Principal, source: &TokenSource, record: &TokenRecord) -> Principal {
    let (ceiling, confers) = (ceiling_of(record, source).clone(), &principal.source().confers);
    let granted = GrantedRights::of_client(ceiling, record.tenants.as_deref(), confers);
    principal.granting(granted, binding_of(record), networks_of(record))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::Tokens;
    use super::*;
    use crate::identity::issuer::RoleTypes;
    use crate::runtime::clock;
    use crate::store::tokens::MemoryTokenStore;

    #[test]
    fn each_use_checks_expiry_and_reuses_the_caller() {
        // TOKEN-15, H8
        let tokens = Tokens::named("personal").prefix("pat_").store(MemoryTokenStore::new(1));
        let source = tokens.prepare("r", &RoleTypes::default(), Default::default()).unwrap();
        let (now, hour) = (clock::now(), Duration::from_secs(3600));
        let id = TokenId::generate().unwrap();
        let mut record = TokenRecord::new(id, Owner::Client("backup".into()), now.to_wall_time().unwrap());
        record.expires = now.plus(hour).to_wall_time();
        let found = FoundToken::new(record.clone());
        let caller = |now| found.caller(&source, &source.in_header, now);
        let (Ok(first), Ok(second)) = (caller(now), caller(now)) else { panic!("the token is valid") };
        assert!(first.says_the_same_as(&second));
        let Ok(elsewhere) = found.caller(&source, &source.in_authorization, now) else { panic!("the token is valid") };
        assert!(elsewhere.source().scheme != first.source().scheme, "the place is not part of the token");
        let refused = |result| matches!(result, Err(NoCaller::Refused(Reason::ExpiredCredentials, _)));
        assert!(refused(caller(now.plus(hour))) && !refused(caller(now)));
        let revoked = FoundToken::new(TokenRecord { revoked: true, ..record });
        let result = revoked.caller(&source, &source.in_header, now);
        assert!(matches!(result, Err(NoCaller::Refused(Reason::RevokedCredentials, _))));
    }
}
