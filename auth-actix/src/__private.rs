//! Names that generated code uses. They are not part of the public API and change without notice.
#![allow(missing_docs)]

use std::marker::PhantomData;

pub use auth_core::client::country::{CountryCode, check_country};
pub use auth_core::condition::{Column, ColumnType, Columns, TableColumn, column, field_value};
pub use auth_core::identity::scheme_id::{SchemeId, check_scheme};
pub use auth_core::identity::vocabulary::{
    CredentialSet, Declares, Name, NameIndex, NameKind, PermissionSet, RoleSet, ScopeSet, UnknownName, Vocabulary,
    check_name, check_negated, first, next,
};
pub use auth_core::policy::atom::{self, Atom};
pub use auth_core::policy::rule::{
    AccountArg, ArgRequirement, CallerAccess, CompiledFormula, Formula, Literal, Part, REFUSING, Rule, RuleProperties,
    RuleTarget, check_account, check_all, check_anonymous_object, check_any, check_list_columns, check_object_tenant,
    check_one_tenant, check_possible, check_proof, check_tenant, conjuncts, count_conjuncts, with_conjuncts,
};
pub use auth_macros::finish;
pub use serde;

pub use actix_web::dev::Payload;
pub use actix_web::{Error, HttpRequest};

pub use crate::authorizer::Authorizer;
pub use crate::extract::account::Caller;
pub use crate::extract::caller::{Claims, MaybePrincipal};
pub use crate::extract::granted::{Granted, Implies, Proof};
pub use crate::extract::lease::Lease;
pub use crate::extract::object::action::{Action, Required};
pub use crate::extract::object::resource::{Allows, Policy};
pub use crate::extract::object::{Authorized, object_action, object_action_at};
pub use crate::extract::tenant::Tenant;
pub use crate::guard::{CheckOutcome, CheckedFuture, Fails, Guard, Guarded, Phases, Verdict, answer, checked, fill};
pub use crate::list::ListFilter;
pub use crate::principal::Principal;
pub use crate::scope::{Pattern, Proven, Registry};

/// Returns the vocabulary of a role type.
pub const fn roles<R: RoleSet>() -> &'static Vocabulary {
    R::VOCABULARY
}

/// Returns the vocabulary of a permission type.
pub const fn permissions<P: PermissionSet>() -> &'static Vocabulary {
    P::VOCABULARY
}

/// Returns the vocabulary of a scope type.
pub const fn scopes<S: ScopeSet>() -> &'static Vocabulary {
    S::VOCABULARY
}

/// Returns the vocabulary of a type of credentials.
pub const fn credentials<C: CredentialSet>() -> &'static Vocabulary {
    C::VOCABULARY
}

/// Returns an IPv4 network. The attributes have checked that `address` is its first address.
pub const fn ipv4(address: u32, prefix: u8) -> ipnet::IpNet {
    ipnet::IpNet::V4(ipnet::Ipv4Net::new_assert(std::net::Ipv4Addr::from_bits(address), prefix))
}

/// Returns an IPv6 network. The attributes have checked that `address` is its first address.
pub const fn ipv6(address: u128, prefix: u8) -> ipnet::IpNet {
    ipnet::IpNet::V6(ipnet::Ipv6Net::new_assert(std::net::Ipv6Addr::from_bits(address), prefix))
}

/// Returns a country. The attributes have checked the code.
pub const fn country(code: &str) -> CountryCode {
    match CountryCode::parse(code) {
        Some(country) => country,
        // `check_country` reports the mistake at the literal, so it is not reported here again.
        None => CountryCode::UNKNOWN,
    }
}

/// Returns a scheme. The attributes have checked the word.
pub const fn scheme(word: &str) -> SchemeId {
    match SchemeId::from_word(word) {
        Some(scheme) => scheme,
        // `check_scheme` reports the mistake at the literal. No rule names this scheme, so the rule contradicts no other.
        None => SchemeId::TOKEN_COOKIE,
    }
}

/// Finds the requirement of an argument type. An inherent const `NEEDS`, if there is one, takes precedence over that of
/// [`NeedsNothing`].
#[derive(Debug)]
pub struct Probe<T>(PhantomData<T>);

pub trait NeedsNothing {
    const NEEDS: ArgRequirement = ArgRequirement::Nothing;
}

impl<T> NeedsNothing for Probe<T> {}

impl Probe<Principal> {
    pub const NEEDS: ArgRequirement = ArgRequirement::Caller;
}

impl<T> Probe<Claims<T>> {
    pub const NEEDS: ArgRequirement = ArgRequirement::ClaimsOfCaller;
}

impl Probe<Option<Principal>> {
    pub const NEEDS: ArgRequirement = ArgRequirement::MaybeCaller;
}

impl<A: Send + Sync + 'static> Probe<Caller<A>> {
    pub const NEEDS: ArgRequirement =
        ArgRequirement::Account(AccountArg { id: std::any::TypeId::of::<A>, name: std::any::type_name::<A> });
}

impl<A: Send + Sync + 'static> Probe<Option<Caller<A>>> {
    pub const NEEDS: ArgRequirement =
        ArgRequirement::MaybeAccount(AccountArg { id: std::any::TypeId::of::<A>, name: std::any::type_name::<A> });
}

impl Probe<MaybePrincipal> {
    pub const NEEDS: ArgRequirement = ArgRequirement::MaybeCallerOrOutage;
}

impl<T: ?Sized> Probe<actix_web::web::Data<T>> {
    pub const NEEDS: ArgRequirement = ArgRequirement::Data;
}

impl<R: Policy<A>, A: Action> Probe<Authorized<R, A>> {
    pub const NEEDS: ArgRequirement = ArgRequirement::Authorized(Authorized::<R, A>::OBJECT);
}

impl<R: Allows<A>, A: Action> Probe<ListFilter<R, A>> {
    pub const NEEDS: ArgRequirement = ArgRequirement::List(ListFilter::<R, A>::LIST);
}

impl Probe<HttpRequest> {
    pub const NEEDS: ArgRequirement = ArgRequirement::Data;
}

impl Probe<Tenant> {
    pub const NEEDS: ArgRequirement = ArgRequirement::Tenant;
}

impl Probe<Authorizer> {
    pub const NEEDS: ArgRequirement = ArgRequirement::Authorizer;
}

impl Probe<Lease> {
    pub const NEEDS: ArgRequirement = ArgRequirement::Lease;
}

#[cfg(feature = "jwt")]
mod ticket {
    use super::{ArgRequirement, Probe};
    use crate::extract::ticket::Ticket;

    impl Probe<Ticket> {
        pub const NEEDS: ArgRequirement = ArgRequirement::Ticket;
    }

    impl Probe<Option<Ticket>> {
        pub const NEEDS: ArgRequirement = ArgRequirement::MaybeCaller;
    }
}

/// Extractors of parts of the request other than its path.
macro_rules! beside_path {
    ($($needs:ident $({$($of:ident),*})? $type:ty;)*) => {$(
        impl$(<$($of),*>)? Probe<$type> {
            pub const NEEDS: ArgRequirement = ArgRequirement::$needs;
        }
        impl$(<$($of),*>)? Probe<Option<$type>> {
            pub const NEEDS: ArgRequirement = ArgRequirement::$needs;
        }
        impl<$($($of,)*)? Refused> Probe<Result<$type, Refused>> {
            pub const NEEDS: ArgRequirement = ArgRequirement::$needs;
        }
    )*};
}

beside_path! {
    Data {T} actix_web::web::Query<T>;
    Data {T} actix_web::web::Header<T>;
    Body {T} actix_web::web::Json<T>;
    Body {T} actix_web::web::Form<T>;
    Body {L, R} actix_web::Either<L, R>;
    Body {} String;
    Body {} actix_web::web::Bytes;
    Body {} actix_web::web::Payload;
}

/// Rejects a check that names an argument with the body, if denials of the handler look like the response to an unknown path. A
/// client that withholds the body could distinguish the two (H5).
///
/// # Panics
/// Panics at compile time. The message is the compile error.
#[track_caller]
#[allow(clippy::panic, reason = "the panic of a const is the compile error")]
pub const fn check_hidden_body(needs: ArgRequirement) {
    if needs.is_body() {
        panic!(
            "a check of a hidden handler (`not_found`) uses the body: a client that withholds the body can distinguish the handler from an unknown path\nhelp: remove the body from the check, or `not_found` from the rule"
        )
    }
}

impl<P: Proof> Probe<Granted<P>> {
    pub const NEEDS: ArgRequirement = ArgRequirement::Proof(P::NAME);
}

impl<T> Probe<Option<Claims<T>>> {
    pub const NEEDS: ArgRequirement = ArgRequirement::MaybeCaller;
}

/// Rejects an argument that the rule does not provide.
///
/// # Panics
/// Panics at compile time. The message is the compile error.
#[track_caller]
#[allow(clippy::panic, reason = "the panic of a const is the compile error")]
pub const fn check_argument(needs: ArgRequirement, strangers_come_in: bool, taken_before: bool, formula: &Formula) {
    match needs {
        ArgRequirement::Proof(name) => check_proof(formula, name),
        ArgRequirement::Tenant => check_tenant(formula),
        ArgRequirement::Authorizer => check_one_tenant(formula),
        ArgRequirement::Account(_) if strangers_come_in => {
            panic!("anonymous callers may call this handler\nhelp: take `Option<Caller<…>>`")
        }
        ArgRequirement::Account(_) => check_account(formula),
        ArgRequirement::Authorized(object) => {
            if strangers_come_in {
                check_anonymous_object(object);
            }
            check_object_tenant(formula, object);
        }
        ArgRequirement::List(list) => {
            if strangers_come_in {
                check_anonymous_object(list);
            }
            check_list_columns(list);
            check_object_tenant(formula, list);
        }
        ArgRequirement::Caller if strangers_come_in => {
            panic!("anonymous callers may call this handler\nhelp: take `Option<Principal>`")
        }
        ArgRequirement::ClaimsOfCaller if strangers_come_in => {
            panic!("anonymous callers may call this handler\nhelp: take `Option<Claims<…>>`")
        }
        ArgRequirement::Ticket if strangers_come_in => {
            panic!("anonymous callers may call this handler, and have no token\nhelp: take `Option<Ticket>`")
        }
        ArgRequirement::Caller if taken_before => {
            panic!("this handler takes the principal twice\nhelp: delete one of the two")
        }
        _ => {}
    }
}

/// Rejects an optional argument that would always be absent, or always present.
///
/// # Panics
/// Panics at compile time. The message is the compile error.
#[track_caller]
#[allow(clippy::panic, reason = "the panic of a const is the compile error")]
pub const fn check_optional(needs: ArgRequirement, formula: &Formula) {
    match needs {
        ArgRequirement::Proof(name) => check_proof(formula, name),
        ArgRequirement::Authorized(object) => check_object_tenant(formula, object),
        ArgRequirement::List(_) => {
            panic!("a filter is never absent\nhelp: take `ListFilter<…>` without `Option`")
        }
        ArgRequirement::Authorizer => {
            panic!(
                "an authorizer is never absent\nhelp: take `Authorizer` itself: for an anonymous caller, `principal()` is `None`"
            )
        }
        ArgRequirement::Tenant => {
            panic!("the handler is called only for a tenant that was decided on\nhelp: take `Tenant` without `Option`")
        }
        _ => {}
    }
}
