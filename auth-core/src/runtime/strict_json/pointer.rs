//! Member names in JSON pointers (RFC 6901 §3, §4).

use std::borrow::Cow;

/// Returns the JSON pointer for a path of member names.
pub(crate) fn pointer(path: &[String]) -> String {
    path.iter().map(|name| step(name)).collect()
}

/// Returns one step of a pointer, which is a slash followed by the escaped member name.
pub(crate) fn step(name: &str) -> String {
    format!("/{}", name.replace('~', "~0").replace('/', "~1"))
}

/// Returns the member name of a step that is given without its slash.
pub(crate) fn name_of(step: &str) -> Cow<'_, str> {
    if step.contains('~') { step.replace("~1", "/").replace("~0", "~").into() } else { step.into() }
}
