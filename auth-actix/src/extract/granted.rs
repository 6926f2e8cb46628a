//! Type-level proof that a rule has granted the call.

use std::fmt;
use std::future::{Ready, ready};
use std::marker::PhantomData;

use actix_web::dev::Payload;
use actix_web::{Error, FromRequest, HttpRequest};
use auth_core::denial::{Denial, Reason};
use auth_core::identity::vocabulary::Name;
use auth_core::policy::rule::{Rule, RuleTarget};

use crate::{adapter, guard};

/// Proof that a rule has granted this call, and that the rule requires the role, the permission or the scope `P`.
///
/// A handler takes it as an argument and passes it on. A function that takes `&Granted<proof::Admin>` cannot be called from a
/// handler whose rule does not imply that role. The proof is a zero-sized type, and neither `Clone` nor `Send` nor `Sync`, so that
/// it is passed on and not stored. It proves that *a* rule has granted a call, and not for which caller. Code that stores it beyond
/// the call, for example in a thread-local, can use it in the next call.
///
/// A proof that the rule does not imply is a compile error, also if the argument is part of a tuple, of `Option`, `Result` or
/// `Either`. The attributes cannot check it behind an alias of one of these, or if it is a type parameter of a generic handler.
/// There, a proof that the rule does not imply denies the call at run time, as does a `Principal` if the caller is anonymous.
///
/// The derives generate the types `P` on request: `#[role(proofs = "proof")]`.
///
/// ```
/// use auth_actix::{Granted, Role, require_role};
///
/// #[derive(Role)]
/// #[role(proofs = "proof")]
/// enum Role {
///     #[role(implies(Editor))]
///     Admin,
///     Editor,
/// }
///
/// /// Can only be called for an editor, because the argument cannot be created in any other way.
/// fn publish(_: &Granted<proof::Editor>) -> &'static str { "published" }
///
/// #[require_role("admin")]
/// async fn handler(admin: Granted<proof::Admin>) -> &'static str {
///     publish(admin.weaker())
/// }
/// ```
/// A proof that the rule does not imply:
/// ```compile_fail
/// # use auth_actix::{Granted, Role, require_role};
/// # #[derive(Role)]
/// # #[role(proofs = "proof")]
/// # enum Role { Admin, Editor }
/// #[require_role("editor")]
/// async fn handler(_: Granted<proof::Admin>) {}
/// ```
pub struct Granted<P>(PhantomData<(fn() -> P, *const ())>);

/// A type that represents a name, for [`Granted`]. Implemented by the derives.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a proof of a role, permission or scope",
    label = "no rule proves this",
    note = "write `#[role(proofs = \"proof\")]` on the enum, and `Granted<proof::…>`"
)]
pub trait Proof: 'static {
    /// The represented name.
    #[doc(hidden)]
    const NAME: Name;
}

/// A relation between proofs: a caller with `Self` also has `P`. Implemented by the derives, along the hierarchy.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not imply `{P}`",
    label = "no implication is declared",
    note = "write `implies(…)` on the variant if it should"
)]
pub trait Implies<P>: Proof {}

impl<P: Proof> Granted<P> {
    /// Borrows this proof as the proof of an implied name.
    pub fn weaker<Q: Proof>(&self) -> &Granted<Q>
    where
        P: Implies<Q>,
    {
        // A hand-written impl of `Implies` is not trusted.
        const { assert!(P::NAME.is_stronger_than(Q::NAME), "the first name does not imply the second") };
        &Granted(PhantomData)
    }

    /// Converts this proof into the proof of an implied name.
    pub fn into_weaker<Q: Proof>(self) -> Granted<Q>
    where
        P: Implies<Q>,
    {
        const { assert!(P::NAME.is_stronger_than(Q::NAME), "the first name does not imply the second") };
        Granted(PhantomData)
    }
}

impl<P: Proof> fmt::Debug for Granted<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Granted({})", P::NAME.text)
    }
}

/// The rule in logs for a handler that takes a proof without a rule.
static NO_RULE: Rule =
    Rule { target: RuleTarget::Other("a handler that takes a proof"), ..auth_core::policy::rule::AUTHENTICATED };

impl<P: Proof> FromRequest for Granted<P> {
    type Error = Error;
    type Future = Ready<Result<Self, Error>>;

    /// Denies the proofs that the attributes cannot check at compile time, such as an argument whose type is a type parameter of
    /// the handler.
    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let rule = guard::rule_of(request);
        if rule.is_some_and(|rule| rule.formula().implies(P::NAME))
            && !adapter::read(request, |state| Some(state.notes()?.is_denied)).unwrap_or_default()
        {
            return ready(Ok(Self(PhantomData)));
        }
        let cause = "the handler takes a `Granted<…>` that its rule does not prove";
        let denial = Denial { cause: Some(cause), ..Denial::new(Reason::SetUp) };
        ready(Err(guard::refuse(request, rule.unwrap_or(&NO_RULE), denial, Payload::None)))
    }
}
