//! Tenants: the organizations, workspaces or accounts of customers in one application.

use std::fmt;

use smallvec::SmallVec;

/// A tenant: an ordered list of dimensions, each with a name and a value.
///
/// Most tenants have one dimension, such as `org`. A workspace within an organization has two. Two tenants are equal if they have
/// the same dimensions, in the same order, with the same values. There is no text form that could serve as a key, because
/// `("a", "b/c")` must not equal `("a/b", "c")`.
///
/// ```
/// use auth_actix::identity::Tenant;
/// let workspace = Tenant::of("org", "acme").and("workspace", "web");
/// assert_eq!(workspace.get("workspace"), Some("web"));
/// assert_ne!(workspace, Tenant::of("org", "acme"));
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Tenant(SmallVec<[(&'static str, Box<str>); 1]>);

impl Tenant {
    /// Maximum length of a value in bytes. Longer values in requests are malformed.
    pub const LONGEST: usize = 128;

    /// Creates a tenant with one dimension.
    pub fn of(name: &'static str, value: &str) -> Self {
        Self(SmallVec::from_buf([(name, value.into())]))
    }

    /// Returns this tenant with another dimension. If it has the dimension already, the new value replaces the old one.
    #[must_use]
    pub fn and(mut self, name: &'static str, value: &str) -> Self {
        match self.0.iter_mut().find(|(known, _)| *known == name) {
            Some((_, old)) => *old = value.into(),
            None => self.0.push((name, value.into())),
        }
        self
    }

    /// Returns the value of a dimension.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.dimensions().find(|(known, _)| *known == name).map(|(_, value)| value)
    }

    /// Returns the dimensions with their values.
    pub fn dimensions(&self) -> impl Iterator<Item = (&'static str, &str)> {
        self.0.iter().map(|(name, value)| (*name, &**value))
    }

    /// Returns the value of the only dimension. `None` if there are several.
    pub fn single(&self) -> Option<&str> {
        match self.0.as_slice() {
            [(_, value)] => Some(value),
            _ => None,
        }
    }

    /// Returns this tenant without copying its values.
    pub(crate) fn borrowed(&self) -> TenantRef<'_> {
        TenantRef(self.dimensions().collect())
    }
}

/// A tenant with borrowed values.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct TenantRef<'a>(SmallVec<[(&'static str, &'a str); 2]>);

impl<'a> TenantRef<'a> {
    pub(crate) fn push(&mut self, name: &'static str, value: &'a str) {
        self.0.push((name, value));
    }

    pub(crate) fn dimensions(&self) -> impl Iterator<Item = &'static str> {
        self.0.iter().map(|(name, _)| *name)
    }

    /// Returns whether both have the same dimensions with the same values, in the same order.
    pub(crate) fn is(&self, other: &Tenant) -> bool {
        self.0.iter().copied().eq(other.dimensions())
    }

    /// Returns whether both have the same dimensions with the same values, in any order.
    pub(crate) fn is_same_as(&self, other: &Tenant) -> bool {
        self.0.len() == other.0.len() && self.0.iter().all(|(name, value)| other.get(name) == Some(value))
    }

    /// Returns whether both have a dimension in common.
    pub(crate) fn shares_dimension(&self, other: &Tenant) -> bool {
        self.dimensions().any(|name| other.get(name).is_some())
    }

    /// Returns whether both have a dimension in common, and its values differ.
    pub(crate) fn contradicts(&self, other: &Tenant) -> bool {
        self.0.iter().any(|(name, value)| other.get(name).is_some_and(|other| other != *value))
    }

    pub(crate) fn to_tenant(&self) -> Option<Tenant> {
        let mut dimensions = self.0.iter();
        let (name, value) = dimensions.next()?;
        Some(dimensions.fold(Tenant::of(name, value), |tenant, (name, value)| tenant.and(name, value)))
    }
}

/// Shows the dimensions, such as `org="acme"`.
impl fmt::Debug for Tenant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, (name, value)) in self.dimensions().enumerate() {
            write!(f, "{}{name}={value:?}", if position == 0 { "" } else { ", " })?;
        }
        Ok(())
    }
}

/// The dimensions that the credentials of an issuer are bound to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct IssuerTenancy {
    /// The dimensions of every credential.
    pub always: Vec<&'static str>,
    /// The dimensions of some credentials. The rights of the others count nowhere.
    pub optional: Vec<&'static str>,
    /// Whether a resolver may bind credentials to tenants with any dimensions.
    pub is_resolved: bool,
    /// Whether credentials may grant rights by themselves: in each tenant, everywhere, or outside of tenants.
    pub grants_in_tenants: bool,
}

impl IssuerTenancy {
    /// Returns whether rights of such a credential could count in a tenant with exactly these dimensions. No dimensions are the
    /// rights outside of tenants.
    pub(crate) fn could_count(&self, dimensions: &[&str]) -> bool {
        let bound = || self.always.iter().chain(&self.optional);
        self.grants_in_tenants
            || self.is_resolved && self.always.iter().all(|name| dimensions.contains(name))
            || bound().count() == dimensions.len() && bound().all(|name| dimensions.contains(name))
    }

    /// Returns whether a credential could be bound to a value of this dimension.
    pub(crate) fn could_bind(&self, name: &str) -> bool {
        self.is_resolved
            || self.grants_in_tenants
            || self.always.iter().chain(&self.optional).any(|known| *known == name)
    }

    /// Returns whether a caller with such a credential could satisfy an atom within a tenant with these dimensions, by whatever
    /// rights.
    pub(crate) fn could_enter(&self, dimensions: &[&str]) -> bool {
        dimensions.is_empty() || self.always.is_empty() || self.always.iter().any(|name| dimensions.contains(name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tenants_are_compared_by_dimension_and_value() {
        // TENANT-1
        let two = || Tenant::of("org", "a").and("team", "b");
        #[rustfmt::skip]
        let table = [
            (Tenant::of("org", "a"),                       Tenant::of("org", "a"),                       true),
            (Tenant::of("org", "a"),                       Tenant::of("org", "A"),                       false),
            (Tenant::of("org", "a"),                       Tenant::of("team", "a"),                      false),
            (Tenant::of("org", "a"),                       two(),                                        false),
            (two(),                                        two(),                                        true),
            (two(),                                        Tenant::of("team", "b").and("org", "a"),      false),
            (Tenant::of("org", "a").and("team", "b/c"),    Tenant::of("org", "a/b").and("team", "c"),    false),
            (two().and("team", "c"),                       Tenant::of("org", "a").and("team", "c"),      true),
        ];
        for (one, other, equal) in table {
            assert_eq!(one == other, equal, "{one:?} {other:?}");
        }
        let (whole, org) = (two(), Tenant::of("org", "a"));
        let other = Tenant::of("team", "b").and("org", "a");
        let borrowed = whole.borrowed();
        assert!(borrowed.is(&whole) && !borrowed.is(&other) && borrowed.is_same_as(&other));
        assert!(!borrowed.is_same_as(&org) && !borrowed.contradicts(&org) && borrowed.shares_dimension(&org));
        assert!(borrowed.contradicts(&Tenant::of("org", "b")) && !borrowed.contradicts(&Tenant::of("account", "b")));
        assert_eq!(borrowed.to_tenant(), Some(two()));
        assert_eq!((two().single(), Tenant::of("org", "a").single()), (None, Some("a")));
        assert_eq!(format!("{:?}", two()), r#"org="a", team="b""#);
    }

    #[test]
    fn rights_of_an_issuer_count_in_its_dimensions_only() {
        // TENANT-10, TENANT-12
        let tenancy = |always: &[&'static str], optional: &[&'static str], is_resolved| IssuerTenancy {
            always: always.to_vec(),
            optional: optional.to_vec(),
            is_resolved,
            grants_in_tenants: false,
        };
        #[rustfmt::skip]
        let table: [(IssuerTenancy, &[&str], bool, bool); 9] = [
            (tenancy(&[], &[], false),                &[],              true,  true),
            (tenancy(&[], &[], false),                &["org"],         false, true),
            (tenancy(&["org"], &[], false),           &[],              false, true),
            (tenancy(&["org"], &[], false),           &["org"],         true,  true),
            (tenancy(&["org"], &[], false),           &["org", "team"], false, true),
            (tenancy(&["org"], &[], false),           &["team"],        false, false),
            (tenancy(&["org"], &["team"], false),     &["team", "org"], true,  true),
            (tenancy(&[], &["org"], false),           &[],              false, true),
            (tenancy(&[], &[], true),                 &["team"],        true,  true),
        ];
        for (tenancy, dimensions, counts, enters) in table {
            assert_eq!(tenancy.could_count(dimensions), counts, "{tenancy:?} {dimensions:?}");
            assert_eq!(tenancy.could_enter(dimensions), enters, "{tenancy:?} {dimensions:?}");
        }
    }
}
