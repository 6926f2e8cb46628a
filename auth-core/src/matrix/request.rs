//! Requests of test cases: the caller and its location.

use ipnet::IpNet;

/// A caller with a credential.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub struct CaseCaller {
    /// The names outside of tenants, each with its kind.
    pub names: Vec<(String, String)>,
    /// The roles and permissions within tenants, each with its kind and the dimensions of the tenant.
    pub names_in_tenants: Vec<(String, String, String)>,
    /// The dimensions of tenants in which the answer is incomplete, so that the absence of a role is unknown.
    pub incomplete_in: Vec<String>,
    /// The names that the caller must be known to lack, each with its kind and the dimensions of the tenant.
    pub lacks: Vec<(String, String, Option<String>)>,
    /// The dimensions of tenants in which the caller must have a right, or none.
    pub is_member_of: Vec<(String, bool)>,
    /// The dimensions of tenants to which the credential must be bound, or not.
    pub is_bound_to: Vec<(String, bool)>,
    /// The kinds of credentials, each with whether the credential must be of it.
    pub credentials: Vec<(String, bool)>,
    /// The schemes, as in rules, each with whether the credential must be of it.
    pub schemes: Vec<(String, bool)>,
    /// Whether the caller must be a login of a person. `None` if the rule does not depend on it.
    pub is_login: Option<bool>,
    /// Whether the caller must have an account. `None` if the rule does not depend on it.
    pub has_account: Option<bool>,
    /// Whether another party acts for the caller.
    pub has_actor: bool,
    /// The claims of the token, each with its values as JSON.
    pub claims: Vec<(String, Vec<String>)>,
    /// Whether all sources of roles answer about them, so that the absence of a role is known.
    pub lists_roles: bool,
    /// The age of the login in seconds, if it is relevant.
    pub age: Option<u64>,
    /// The assurance level (`acr`) of the login.
    pub acr: Option<String>,
}

/// The location of the client.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum CaseLocation {
    /// Any location. The rule does not depend on it.
    Anywhere,
    /// An address in the first network and in none of the others.
    Within(IpNet, Vec<IpNet>),
    /// An address in none of these networks.
    Outside(Vec<IpNet>),
    /// An unknown address.
    NotKnown,
}
