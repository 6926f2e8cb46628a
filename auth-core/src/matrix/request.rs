//! Requests of test cases: the caller and its location.

use ipnet::IpNet;

/// A caller with a token.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub struct CaseCaller {
    /// The names in the token, each with its kind.
    pub names: Vec<(String, String)>,
    /// The roles and permissions that the rights provider answers, each with its kind and the dimensions of the tenant.
    pub names_in_tenants: Vec<(String, String, String)>,
    /// The dimensions of tenants in which the answer is incomplete, so that the absence of a role is unknown.
    pub incomplete_in: Vec<String>,
    /// The claims of the token, each with its values as JSON.
    pub claims: Vec<(String, Vec<String>)>,
    /// Whether the token contains a list of roles.
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
