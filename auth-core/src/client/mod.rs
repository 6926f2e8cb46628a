//! From where: the client's address, behind proxies or not, its country, and whether a request came from another site.

mod forwarding_header;
pub mod address;
pub mod country;
pub mod csrf;
pub(crate) mod request;

pub use self::request::{Head, RequestHead};

/// The field lines of a request, by lower-case name, in order. Every header is hostile, so values are bytes.
pub trait Fields {
    /// All lines of the field.
    fn lines<'a>(&'a self, name: &str) -> impl Iterator<Item = &'a [u8]>;

    /// Whether a field has a name of which this is true. Names are in lower case.
    fn has_name(&self, is_it: impl Fn(&str) -> bool) -> bool;
}

/// The one line of the field; `Err` where it occurs more than once.
fn single<'a>(fields: &'a impl Fields, name: &str) -> Result<Option<&'a [u8]>, ()> {
    let mut lines = fields.lines(name);
    let first = lines.next();
    if lines.next().is_some() { Err(()) } else { Ok(first) }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::Fields;

    /// Field lines for tests, as they would stand in a request.
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
