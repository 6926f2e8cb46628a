//! The requests of test cases: who sends them, and from where.

use ipnet::IpNet;

/// Who calls, with a token.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub struct CaseCaller {
    /// The names that it lists, by kind.
    pub names: Vec<(String, String)>,
    /// The claims that it has, each with its values as JSON.
    pub claims: Vec<(String, Vec<String>)>,
    /// Whether it lists roles at all.
    pub lists_roles: bool,
    /// How many seconds ago they logged in, where that matters.
    pub age: Option<u64>,
    /// At which level.
    pub acr: Option<String>,
}

/// From where a request comes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum CaseLocation {
    /// It does not matter.
    Anywhere,
    /// From an address in the first and in none of the others.
    Within(IpNet, Vec<IpNet>),
    /// From none of these.
    Outside(Vec<IpNet>),
    /// Nobody knows.
    NotKnown,
}
