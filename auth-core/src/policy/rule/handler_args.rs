//! What the arguments of a handler ask of its rule.

use super::CallerAccess;
use crate::identity::vocabulary::Name;

/// What one argument asks.
#[derive(Clone, Copy, Debug)]
pub enum ArgRequirement {
    /// Nothing.
    Nothing,
    /// Nothing, and it does not say which object the request is about: data of the application, or all of the request.
    Data,
    /// Nothing, and it reads the body of the request.
    Body,
    /// Reads who calls, if somebody does.
    MaybeCaller,
    /// The same, and copes where nobody can say.
    MaybeCallerOrOutage,
    /// The principal.
    Caller,
    /// The principal's claims.
    ClaimsOfCaller,
    /// That whoever was let in holds this name.
    Proof(Name),
    /// That the caller may do something to an object.
    Authorized(ObjectArg),
    /// The object itself.
    Object(ObjectArg),
    /// To know when the rule stops holding.
    Lease,
    /// A ticket for the caller's token.
    Ticket,
}

/// An object that a handler takes.
#[derive(Clone, Copy, Debug)]
pub struct ObjectArg {
    /// The name in the pattern of the route where its key stands.
    pub path: &'static str,
    /// Its type, by its whole name.
    pub resource: fn() -> &'static str,
    /// What is done to it: a type, by its whole name. Nothing where it is only loaded.
    pub action: Option<fn() -> &'static str>,
}

impl ArgRequirement {
    /// What it reads of the caller.
    pub const fn reads(self) -> CallerAccess {
        match self {
            Self::Nothing | Self::Data | Self::Body | Self::Object(_) => CallerAccess::Nothing,
            Self::MaybeCallerOrOutage => CallerAccess::CallerOrOutage,
            Self::MaybeCaller
            | Self::Caller
            | Self::ClaimsOfCaller
            | Self::Proof(_)
            | Self::Authorized(_)
            | Self::Lease
            | Self::Ticket => CallerAccess::Caller,
        }
    }

    /// Whether it is the principal.
    pub const fn is_principal(self) -> bool {
        matches!(self, Self::Caller)
    }

    /// Whether it may say which object a request is about, so that a check over it is one of that object.
    pub const fn may_be_key(self) -> bool {
        matches!(self, Self::Nothing | Self::Authorized(_) | Self::Object(_))
    }

    /// Whether the extractor may refuse a request that the rule admits.
    pub const fn may_refuse(&self) -> bool {
        matches!(self, Self::Authorized(_) | Self::Object(_) | Self::ClaimsOfCaller)
    }

    /// Whether the extractor reads the body.
    pub const fn is_body(self) -> bool {
        matches!(self, Self::Body)
    }

    /// Whether it asks what the caller may do to an object.
    pub const fn asks_about_object(&self) -> bool {
        matches!(self, Self::Authorized(_))
    }

    /// The object that it takes.
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
            // Without the modules, also of what stands within angle brackets.
            let parts = name().split_inclusive(['<', '>', ',', ' ']);
            parts.map(|part| part.rsplit("::").next().unwrap_or(part)).collect::<String>()
        };
        match self.action {
            Some(action) => write!(f, "authorized({}, {})", short(self.resource), short(action)),
            None => write!(f, "object({})", short(self.resource)),
        }
    }
}
