//! Open vocabularies, which accept any name. They are for applications whose roles are data. Typos in names are not detected.
//!
//! ```
//! use auth_actix::open::Role; // in scope at the handler, in place of a derived `Role`
//! assert_eq!(Role::new("night-shift").to_string(), "night-shift");
//! ```

use super::{Declares, NO_INDEX, NameIndex, NameKind, PermissionSet, RoleSet, ScopeSet, Vocabulary};

macro_rules! open {
    ($(#[$docs:meta])* $name:ident, $set:ident, $kind:ident) => {
        $(#[$docs])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash)]
        pub struct $name(String);

        impl $name {
            /// Creates a value from its name as spelled in tokens.
            pub fn new(name: impl Into<String>) -> Self {
                Self(name.into())
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl Declares for $name {
            const VOCABULARY: &'static Vocabulary = {
                static ANY: Vocabulary = Vocabulary {
                    kind: NameKind::$kind,
                    declared_in: stringify!($name),
                    module: module_path!(),
                    open: true,
                    names: &[],
                    variants: &[],
                    name_index: NameIndex::few(&[]),
                    closure: &[],
                    grants: &[],
                };
                &ANY
            };

            fn index(&self) -> u16 {
                NO_INDEX
            }

            fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl $set for $name {}
    };
}

open! {
    /// A role with any name.
    Role, RoleSet, Role
}
open! {
    /// A permission with any name.
    Permission, PermissionSet, Permission
}
open! {
    /// An OAuth 2.0 scope with any name.
    TokenScope, ScopeSet, Scope
}
