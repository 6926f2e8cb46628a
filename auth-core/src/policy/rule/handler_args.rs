//! Requirements of a handler's arguments on its rule.

use std::any::TypeId;

use super::CallerAccess;
use crate::identity::vocabulary::Name;

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
    Authorized(ObjectArg),
    /// An object, without a permission.
    Object(ObjectArg),
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

/// An object that a handler takes.
#[derive(Clone, Copy, Debug)]
pub struct ObjectArg {
    /// The name of the path parameter that contains the key of the object.
    pub path: &'static str,
    /// The full name of the object's type.
    pub resource: fn() -> &'static str,
    /// The full name of the action's type. `None` if the object is only loaded.
    pub action: Option<fn() -> &'static str>,
}

impl ArgRequirement {
    /// Returns what the argument reads of the caller.
    pub const fn reads(self) -> CallerAccess {
        match self {
            Self::Nothing | Self::Data | Self::Body | Self::Object(_) | Self::Tenant => CallerAccess::Nothing,
            Self::MaybeCallerOrOutage => CallerAccess::CallerOrOutage,
            Self::MaybeCaller
            | Self::Caller
            | Self::ClaimsOfCaller
            | Self::Proof(_)
            | Self::Authorized(_)
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
        matches!(self, Self::Nothing | Self::Authorized(_) | Self::Object(_))
    }

    /// Returns whether the extractor may deny a request that the rule admits.
    pub const fn may_refuse(&self) -> bool {
        matches!(self, Self::Authorized(_) | Self::Object(_) | Self::ClaimsOfCaller)
    }

    /// Returns whether the extractor reads the body.
    pub const fn is_body(self) -> bool {
        matches!(self, Self::Body)
    }

    /// Returns whether the argument contains the tenant that was decided on.
    pub const fn takes_tenant(&self) -> bool {
        matches!(self, Self::Tenant)
    }

    /// Returns whether the argument needs the caller's permission on an object.
    pub const fn asks_about_object(&self) -> bool {
        matches!(self, Self::Authorized(_))
    }

    /// Returns the type of accounts that the argument takes.
    pub const fn account(&self) -> Option<&AccountArg> {
        match self {
            Self::Account(account) | Self::MaybeAccount(account) => Some(account),
            _ => None,
        }
    }

    /// Returns the object that the argument takes.
    pub const fn object(&self) -> Option<&ObjectArg> {
        match self {
            Self::Authorized(object) | Self::Object(object) => Some(object),
            _ => None,
        }
    }
}

impl std::fmt::Display for ObjectArg {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let short = |name: fn() -> &'static str| {
            // Removes module paths, also within angle brackets.
            let parts = name().split_inclusive(['<', '>', ',', ' ']);
            parts.map(|part| part.rsplit("::").next().unwrap_or(part)).collect::<String>()
        };
        match self.action {
            Some(action) => write!(f, "authorized({}, {})", short(self.resource), short(action)),
            None => write!(f, "object({})", short(self.resource)),
        }
    }
}
