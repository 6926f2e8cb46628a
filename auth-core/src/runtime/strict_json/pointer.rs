//! Member names as JSON pointers write them (RFC 6901 §3, §4).

use std::borrow::Cow;

/// The pointer to what these member names lead to.
pub(crate) fn pointer(path: &[String]) -> String {
    path.iter().map(|name| step(name)).collect()
}

/// One step of a pointer: a slash, and the escaped name of a member.
pub(crate) fn step(name: &str) -> String {
    format!("/{}", name.replace('~', "~0").replace('/', "~1"))
}

/// The name of the member in a step, without its slash.
pub(crate) fn name_of(step: &str) -> Cow<'_, str> {
    if step.contains('~') { step.replace("~1", "/").replace("~0", "~").into() } else { step.into() }
}
