//! Names of tenant dimensions in settings and in stores.
//!
//! # Why
//! [`Tenant`](super::tenant::Tenant) contains names as `&'static str`, because applications write them in their code. Settings
//! and stores contain them at run time. Each distinct name is therefore kept for the lifetime of the process. Another writer of the store could
//! exhaust the memory, so the number and the length of the names are limited.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

/// Maximum number of distinct names.
const MAX_NAMES: usize = 256;

/// Maximum length of a name in bytes.
const MAX_NAME_LENGTH: usize = 64;

static NAMES: DimensionNames = DimensionNames(Mutex::new(BTreeSet::new()));

struct DimensionNames(Mutex<BTreeSet<&'static str>>);

impl DimensionNames {
    fn get(&self, name: &str) -> Option<&'static str> {
        let mut names = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = names.get(name) {
            return Some(known);
        }
        let is_name = (1..=MAX_NAME_LENGTH).contains(&name.len()) && !name.contains(char::is_control);
        if !is_name || names.len() >= MAX_NAMES {
            return None;
        }
        let kept: &'static str = Box::leak(name.into());
        names.insert(kept);
        Some(kept)
    }
}

/// Returns the name of a dimension that rules can contain after `in =`, which is an identifier. Otherwise like [`dimension_name`].
pub(crate) fn declared_dimension(name: &str) -> Option<&'static str> {
    let mut bytes = name.bytes();
    let is_identifier = bytes.next().is_some_and(|first| first.is_ascii_alphabetic() || first == b'_')
        && bytes.all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    if is_identifier { dimension_name(name) } else { None }
}

/// Returns the name of a dimension that a setting or a store has named before. A client that sends names cannot add one.
pub(crate) fn known_dimension(name: &str) -> Option<&'static str> {
    NAMES.0.lock().unwrap_or_else(PoisonError::into_inner).get(name).copied()
}

/// Returns the name of a dimension for the lifetime of the process. `None` if the name is empty, is longer than 64 bytes, contains
/// a control character, or would be the 257th distinct name.
pub(crate) fn dimension_name(name: &str) -> Option<&'static str> {
    NAMES.get(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dimension_names_are_bounded_and_kept_once() {
        // TOKEN-12
        let names = DimensionNames(Mutex::default());
        let first = names.get("org").unwrap();
        assert!(std::ptr::eq(first, names.get(&String::from("org")).unwrap()));
        for name in ["", "a\nb", &"x".repeat(65)] {
            assert_eq!(names.get(name), None, "{name:?}");
        }
        assert!((1..MAX_NAMES).all(|number| names.get(&format!("n{number}")).is_some()));
        assert_eq!((names.get("one more"), names.get("org")), (None, Some("org")));
        assert_eq!((known_dimension("of a client"), known_dimension("of a client")), (None, None));
        assert!(dimension_name("of a setting").is_some() && known_dimension("of a setting").is_some());
    }
}
