//! The client of a request: its address, with or without proxies, its country, and cross-site checks.

mod forwarding_header;
pub mod address;
pub mod hosts;
pub mod country;
pub mod csrf;
pub(crate) mod request;
pub mod tenant;
pub mod object_key;

pub use self::request::{Head, RequestHead};

/// The field lines of a request, by lower-case name, in order. Values are bytes, because header fields are untrusted.
pub trait Fields {
    /// Returns all lines of the field.
    fn lines<'a>(&'a self, name: &str) -> impl Iterator<Item = &'a [u8]>;

    /// Returns whether `is_it` returns `true` for the lower-case name of a field.
    fn has_name(&self, is_it: impl Fn(&str) -> bool) -> bool;
}

/// Returns the line of the field, or an error if the field occurs more than once.
fn single<'a>(fields: &'a impl Fields, name: &str) -> Result<Option<&'a [u8]>, ()> {
    let mut lines = fields.lines(name);
    let first = lines.next();
    if lines.next().is_some() { Err(()) } else { Ok(first) }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::Fields;

    /// Field lines of a request, for tests.
    pub(crate) struct Lines<'a>(pub(crate) &'a [(&'a str, &'a str)]);

    impl Fields for Lines<'_> {
        fn lines<'a>(&'a self, name: &str) -> impl Iterator<Item = &'a [u8]> {
            self.0.iter().filter(move |(field, _)| field.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_bytes())
        }

        fn has_name(&self, is_it: impl Fn(&str) -> bool) -> bool {
            self.0.iter().any(|(field, _)| is_it(&field.to_ascii_lowercase()))
        }
    }
}
