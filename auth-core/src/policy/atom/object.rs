//! Actions on objects, as rules and arguments of handlers ask about them.

use std::any::{Any, TypeId};
use std::fmt;

use crate::identity::vocabulary::Name;

/// The tenants that the objects of a type belong to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tenancy {
    /// The objects belong to no tenant.
    None,
    /// Each object belongs to a tenant with these dimensions.
    Of(&'static [&'static str]),
    /// All tenants share the objects, for this reason.
    Shared(&'static str),
}

impl Tenancy {
    /// Returns the dimensions of the tenant of each object.
    pub const fn dimensions(self) -> &'static [&'static str] {
        match self {
            Self::Of(dimensions) => dimensions,
            Self::None | Self::Shared(_) => &[],
        }
    }
}

/// The properties of a list of objects.
#[derive(Clone, Copy, Debug)]
pub struct ListArg {
    /// A dimension of the tenants of the objects that has no column (LIST-7).
    pub lacked_column: Option<&'static str>,
}

/// An action on a type of objects.
#[derive(Clone, Copy)]
pub struct ObjectAction {
    /// The name of the path parameter that contains the key of the object.
    pub path: &'static str,
    /// Returns the full name of the object's type.
    pub resource: fn() -> &'static str,
    /// Returns the full name of the action's type.
    pub action: fn() -> &'static str,
    /// The name that a limited credential needs for the action. Without one, limited credentials cannot perform it (RIGHTS-8).
    pub required: Option<Name>,
    /// Whether the policy can allow the action to an anonymous caller (OBJ-12).
    pub admits_anonymous: bool,
    /// The tenants of the objects.
    pub tenancy: Tenancy,
    /// Returns the type of the values with which objects are loaded.
    pub deps: fn() -> TypeId,
    /// Returns the full name of that type.
    pub deps_name: fn() -> &'static str,
    /// For a list of objects: its properties.
    pub list: Option<ListArg>,
    /// The function with which the adapter loads the object and asks its policy.
    pub ask: &'static (dyn Any + Send + Sync),
}

/// Shows the types, as in a rule: `authorized(Post, Edit)`.
impl fmt::Display for ObjectAction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}({})", if self.list.is_some() { "list" } else { "authorized" }, self.types())
    }
}

impl fmt::Debug for ObjectAction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl ObjectAction {
    /// Returns the types of the object and of the action, without their modules.
    pub(super) fn types(&self) -> String {
        let short = |name: fn() -> &'static str| {
            // Removes module paths, also within angle brackets.
            let parts = name().split_inclusive(['<', '>', ',', ' ']);
            parts.map(|part| part.rsplit("::").next().unwrap_or(part)).collect::<String>()
        };
        format!("{}, {}", short(self.resource), short(self.action))
    }
}
