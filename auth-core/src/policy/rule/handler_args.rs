//! Requirements of a handler's arguments on its rule.

use std::any::TypeId;

use super::CallerAccess;
use crate::identity::vocabulary::Name;
use crate::policy::atom::ObjectAction;

/// The requirement of one argument.
#[derive(Clone, Copy, Debug)]
pub enum ArgRequirement {
    /// No requirement.
    Nothing,
    /// No requirement. The argument does not identify the object of the request: it is application data, or the entire request.
    Data,
    /// No requirement. The argument reads the body of the request.
    Body,
    /// The caller, if there is one.
    MaybeCaller,
    /// Like [`MaybeCaller`](Self::MaybeCaller), for a handler that also accepts that the caller cannot be determined.
    MaybeCallerOrOutage,
    /// The principal.
    Caller,
    /// The principal's claims.
    ClaimsOfCaller,
    /// A proof that every admitted caller holds this name.
    Proof(Name),
    /// Permission of the caller to perform an action on an object.
    Authorized(&'static ObjectAction),
    /// The filter of a list of objects, for an action.
    List(&'static ObjectAction),
    /// Decisions on objects inside the handler.
    Authorizer,
    /// A lease, which ends when the rule stops holding.
    Lease,
    /// A ticket for the caller's token.
    Ticket,
    /// The tenant that was decided on.
    Tenant,
    /// The account of the caller.
    Account(AccountArg),
    /// The account of the caller, if there is one.
    MaybeAccount(AccountArg),
}

/// The type of accounts that a handler takes.
#[derive(Clone, Copy, Debug)]
pub struct AccountArg {
    /// Returns the type.
    pub id: fn() -> TypeId,
    /// Returns the full name of the type.
    pub name: fn() -> &'static str,
}

impl ArgRequirement {
    /// Returns what the argument reads of the caller.
    pub const fn reads(self) -> CallerAccess {
        match self {
            Self::Nothing | Self::Data | Self::Body | Self::Tenant => CallerAccess::Nothing,
            Self::MaybeCallerOrOutage => CallerAccess::CallerOrOutage,
            Self::MaybeCaller
            | Self::Caller
            | Self::ClaimsOfCaller
            | Self::Proof(_)
            | Self::Authorized(_)
            | Self::List(_)
            | Self::Authorizer
            | Self::Lease
            | Self::Ticket
            | Self::Account(_)
            | Self::MaybeAccount(_) => CallerAccess::Caller,
        }
    }

    /// Returns whether the argument is the principal.
    pub const fn is_principal(self) -> bool {
        matches!(self, Self::Caller)
    }

    /// Returns whether the argument may identify the object of a request. A check that uses it is then about that object.
    pub const fn may_be_key(self) -> bool {
        matches!(self, Self::Nothing | Self::Authorized(_))
    }

    /// Returns whether the extractor may deny a request that the rule admits.
    pub const fn may_refuse(&self) -> bool {
        matches!(self, Self::ClaimsOfCaller)
    }

    /// Returns whether the extractor reads the body.
    pub const fn is_body(self) -> bool {
        matches!(self, Self::Body)
    }

    /// Returns whether the argument contains the tenant that was decided on.
    pub const fn takes_tenant(&self) -> bool {
        matches!(self, Self::Tenant | Self::Authorized(_) | Self::List(_) | Self::Authorizer)
    }

    /// Returns the type of accounts that the argument takes.
    pub const fn account(&self) -> Option<&AccountArg> {
        match self {
            Self::Account(account) | Self::MaybeAccount(account) => Some(account),
            _ => None,
        }
    }
}
