//! Proof in the type system that a guard has let this call in.

use std::fmt;
use std::future::{Ready, ready};
use std::marker::PhantomData;

use actix_web::dev::Payload;
use actix_web::{Error, FromRequest, HttpRequest};
use auth_core::denial::{Denial, Reason};
use auth_core::identity::vocabulary::Name;
use auth_core::policy::rule::{Rule, RuleTarget};

use crate::{adapter, guard};

/// Proof that a guard has let this call in, and that its rule lets in nobody without the role, the permission or the scope `P`.
///
/// A handler takes it as an argument, and hands it on: a function that takes `&Granted<proof::Admin>` cannot be reached from a
/// handler whose rule does not imply that role. It has no size, and is neither `Clone` nor `Send` nor `Sync`, so that it is handed
/// on and not kept. It proves that *a* guard let a call in, not for whom, and whoever keeps one beyond the call (a thread-local
/// could) has it for the next.
///
/// Asking for what the rule does not imply does not compile, also where the argument is a part of a tuple, of `Option`, `Result`
/// or `Either`. Behind an alias of one of these, or as a parameter of a generic handler, it cannot be seen: there it is refused
/// when the handler is called, and so is a `Principal`.
///
/// The types `P` are made by the derives where asked: `#[role(proofs = "proof")]`.
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
/// /// Not to be called for anybody but an editor: there is no other way to make the argument.
/// fn publish(_: &Granted<proof::Editor>) -> &'static str { "published" }
///
/// #[require_role("admin")]
/// async fn handler(admin: Granted<proof::Admin>) -> &'static str {
///     publish(admin.weaker())
/// }
/// ```
/// One that the rule does not give:
/// ```compile_fail
/// # use auth_actix::{Granted, Role, require_role};
/// # #[derive(Role)]
/// # #[role(proofs = "proof")]
/// # enum Role { Admin, Editor }
/// #[require_role("editor")]
/// async fn handler(_: Granted<proof::Admin>) {}
/// ```
pub struct Granted<P>(PhantomData<(fn() -> P, *const ())>);

/// What can be proven: a type that stands for a name. Made by the derives.
#[diagnostic::on_unimplemented(
    message = "`{Self}` stands for no role, permission or scope",
    label = "no guard proves this",
    note = "write `#[role(proofs = \"proof\")]` on the enum, and `Granted<proof::…>`"
)]
pub trait Proof: 'static {
    /// The name.
    #[doc(hidden)]
    const NAME: Name;
}

/// That whoever holds the one holds the other. Made by the derives, along the hierarchy.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not imply `{P}`",
    label = "the one does not prove the other",
    note = "write `implies(…)` on the variant if it should"
)]
pub trait Implies<P>: Proof {}

impl<P: Proof> Granted<P> {
    /// The proof of what this one implies.
    pub fn weaker<Q: Proof>(&self) -> &Granted<Q>
    where
        P: Implies<Q>,
    {
        // Whoever writes `Implies` by hand is not believed.
        const { assert!(P::NAME.is_stronger_than(Q::NAME), "the one does not imply the other") };
        &Granted(PhantomData)
    }

    /// The proof of what this one implies, in its place.
    pub fn into_weaker<Q: Proof>(self) -> Granted<Q>
    where
        P: Implies<Q>,
    {
        const { assert!(P::NAME.is_stronger_than(Q::NAME), "the one does not imply the other") };
        Granted(PhantomData)
    }
}

impl<P: Proof> fmt::Debug for Granted<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Granted({})", P::NAME.text)
    }
}

/// The rule, for the log, of who takes a proof without one.
static NO_RULE: Rule =
    Rule { target: RuleTarget::Other("a handler that takes a proof"), ..auth_core::policy::rule::AUTHENTICATED };

impl<P: Proof> FromRequest for Granted<P> {
    type Error = Error;
    type Future = Ready<Result<Self, Error>>;

    /// The attributes have checked what can be seen at compile time; what they cannot see, such as an argument whose type is a
    /// parameter of the handler, is refused here.
    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let rule = guard::rule_of(request);
        if rule.is_some_and(|rule| rule.formula().implies(P::NAME))
            && !adapter::read(request, |state| Some(state.notes()?.is_denied)).unwrap_or_default()
        {
            return ready(Ok(Self(PhantomData)));
        }
        let cause = "the handler takes a proof that its rule does not give";
        let denial = Denial { cause: Some(cause), ..Denial::new(Reason::SetUp) };
        ready(Err(guard::refuse(request, rule.unwrap_or(&NO_RULE), denial, Payload::None)))
    }
}
