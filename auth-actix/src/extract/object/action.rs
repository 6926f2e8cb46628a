//! Actions on objects.

use auth_core::identity::vocabulary::{Declares as _, Name, Vocabulary};
use auth_core::open;

/// An action on objects, such as reading or editing. Use [`#[derive(Action)]`](derive@crate::Action).
///
/// A *limited* credential, such as a personal token with few scopes, can perform an action only with the name that the action requires.
/// Without it, the credential counts as anonymous where anonymous callers are admitted, and is refused elsewhere. An action without a
/// name is closed to limited credentials. All other credentials need no name: the policy of the object decides.
///
/// ```
/// use auth_actix::{Action, TokenScope};
///
/// #[derive(TokenScope)]
/// enum TokenScope { #[token_scope("projects:write")] ProjectsWrite }
///
/// /// Personal tokens with this scope can edit what their owner can edit.
/// #[derive(Action)]
/// #[action(scope = "projects:write")]
/// struct Edit;
///
/// /// No personal token can delete.
/// #[derive(Action)]
/// struct Delete;
///
/// assert_eq!(Edit::NAME, "edit");
/// ```
pub trait Action: 'static {
    /// The name of the action, for decision points and logs.
    const NAME: &'static str;
    /// The name that a limited credential needs: a scope, or a role or permission in the tenant of the object, or outside of tenants if
    /// the object belongs to none. Default: none, so that no limited credential can perform the action.
    const REQUIRES: Option<Required> = None;
    /// The type that declares the name of [`REQUIRES`](Self::REQUIRES), with its hierarchy. Without it, only the name itself counts.
    #[doc(hidden)]
    const DECLARED_IN: Option<&'static Vocabulary> = None;
}

/// The name that a limited credential needs for an action.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Required {
    /// A role.
    Role(&'static str),
    /// A permission.
    Permission(&'static str),
    /// A scope.
    Scope(&'static str),
}

impl Required {
    /// Returns the name, as a name of the type that declares it.
    pub(super) const fn name(self, declared_in: Option<&'static Vocabulary>) -> Name {
        let (open, text) = match self {
            Self::Role(text) => (open::Role::VOCABULARY, text),
            Self::Permission(text) => (open::Permission::VOCABULARY, text),
            Self::Scope(text) => (open::TokenScope::VOCABULARY, text),
        };
        match declared_in {
            Some(vocabulary) => vocabulary.name(text),
            None => open.name(text),
        }
    }
}
