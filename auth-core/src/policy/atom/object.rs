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

/// The location of the key of an object in a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyLocation {
    /// A parameter of the path, by its name.
    Path(&'static str),
    /// A parameter of the query, by its name.
    Query(&'static str),
    /// A header, by its name in lower case.
    Header(&'static str),
    /// A member of the JSON body, by a JSON pointer (RFC 6901) of member names.
    Json(&'static str),
}

/// Shows the location as in a rule: `json("/post_id")`.
impl fmt::Display for KeyLocation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Path(name) => write!(f, "path({name:?})"),
            Self::Query(name) => write!(f, "query({name:?})"),
            Self::Header(name) => write!(f, "header({name:?})"),
            Self::Json(pointer) => write!(f, "json({pointer:?})"),
        }
    }
}

/// An action on a type of objects.
#[derive(Clone, Copy)]
pub struct ObjectAction {
    /// The name of the path parameter that contains the key of the object, unless [`at`](Self::at) names another location.
    pub path: &'static str,
    /// The location of the key that the rule names.
    pub at: Option<KeyLocation>,
    /// Returns the types of the object and of the action.
    pub types: fn() -> (TypeId, TypeId),
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

/// Shows the types and the location of the key, as in a rule: `authorized(Post, Edit)`.
impl fmt::Display for ObjectAction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}({})", if self.list.is_some() { "list" } else { "authorized" }, self.arguments())
    }
}

impl fmt::Debug for ObjectAction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl ObjectAction {
    /// Returns the location of the key.
    pub const fn key(&self) -> KeyLocation {
        match self.at {
            Some(location) => location,
            None => KeyLocation::Path(self.path),
        }
    }

    /// Returns whether the key is located in the body.
    pub const fn is_in_body(&self) -> bool {
        matches!(self.at, Some(KeyLocation::Json(_)))
    }

    /// Returns the types of the object and of the action, without their modules, and the location of the key that the rule names.
    pub(crate) fn arguments(&self) -> String {
        let short = |name: fn() -> &'static str| {
            // Removes module paths, also within angle brackets.
            let parts = name().split_inclusive(['<', '>', ',', ' ']);
            parts.map(|part| part.rsplit("::").next().unwrap_or(part)).collect::<String>()
        };
        let at = self.at.map(|location| format!(", at = {location}")).unwrap_or_default();
        format!("{}, {}{at}", short(self.resource), short(self.action))
    }
}
