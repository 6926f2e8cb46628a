//! The requirement of an atom as data, for the access matrix, test cases and explanations.

use std::collections::BTreeSet;
use std::fmt;

use ipnet::IpNet;

use crate::runtime::strict_json::quoted;

/// The requirement of an atom.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Fact {
    /// Any authenticated caller.
    Authenticated,
    /// A role, permission or scope: its kind, its name, and its tenant.
    Name(String, String, Option<String>),
    /// A right within a tenant with these dimensions, as written.
    TenantMember(String),
    /// A claim, with its value as JSON.
    Claim(String, String),
    /// A login of at most this age, in seconds.
    MaxAge(u64),
    /// A client address in one of these networks.
    Network(Vec<IpNet>),
    /// A client in one of these countries.
    Country(BTreeSet<String>),
    /// A login at this assurance level.
    Acr(String),
    /// Permission to perform an action on an object. Contains the types of both as they are written.
    ObjectAction(String),
    /// A list of objects, for an action. Contains the types of both. Only limited credentials may fail it.
    List(String),
    /// A check that refers to the principal, as it is written.
    Check(String),
    /// A check that can run for an anonymous caller, as it is written.
    CheckForAnyone(String),
    /// A caller without an actor.
    Direct,
    /// A verified login of a person.
    Login,
    /// A caller with an account, which the handler takes.
    Account,
    /// A credential of this scheme.
    Scheme(String),
    /// A credential of this kind, and the tenant to which it is bound, as written.
    Credential(String, Option<String>),
    /// An atom of a later version, as it is written.
    Other(String),
}

impl Fact {
    /// Returns whether both the requirement and its negation need an authenticated caller.
    pub fn is_about_caller(&self) -> bool {
        !matches!(self, Self::Network(_) | Self::Country(_) | Self::CheckForAnyone(_) | Self::List(_))
    }

    /// Returns whether the requirement is about the object of a request.
    pub fn is_about_object(&self) -> bool {
        matches!(self, Self::ObjectAction(_) | Self::Check(_) | Self::CheckForAnyone(_))
    }

    /// Parses an atom from its word and the text between its parentheses. Returns `None` if the text is not an atom.
    pub fn read(word: &str, arguments: Option<&str>) -> Option<Self> {
        let one = || strings(arguments?).and_then(|mut all| all.pop().filter(|_| all.is_empty()));
        let whole = || arguments.map(str::to_owned);
        let read = match word {
            "" => return None,
            "authenticated" => match arguments {
                None => Self::Authenticated,
                Some(arguments) => Self::TenantMember(arguments.strip_prefix("in = ")?.to_owned()),
            },
            "role" | "permission" | "scope" => {
                let (names, tenant) = with_tenant(arguments?);
                Self::Name(word.to_owned(), strings(names)?.pop()?, tenant)
            }
            "claim" => {
                let parts: Vec<serde_json::Value> = serde_json::from_str(&format!("[{}]", arguments?)).ok()?;
                match parts.as_slice() {
                    [serde_json::Value::String(name), value] => Self::Claim(name.clone(), value.to_string()),
                    _ => return None,
                }
            }
            "max_age" => Self::MaxAge(seconds(&one()?)?),
            "network" => {
                let networks = strings(arguments.unwrap_or_default())?;
                Self::Network(networks.iter().map(|net| net.parse().ok()).collect::<Option<_>>()?)
            }
            "country" => Self::Country(strings(arguments.unwrap_or_default())?.into_iter().collect()),
            "acr" => Self::Acr(one()?),
            "scheme" => Self::Scheme(one()?),
            "credential" => {
                let (names, tenant) = with_tenant(arguments?);
                Self::Credential(strings(names)?.pop()?, tenant)
            }
            "authorized" => Self::ObjectAction(whole()?),
            "list" => Self::List(whole()?),
            "check" => Self::Check(whole()?),
            "check_for_anyone" => Self::CheckForAnyone(whole()?),
            "direct" if arguments.is_none() => Self::Direct,
            "login" if arguments.is_none() => Self::Login,
            "account" if arguments.is_none() => Self::Account,
            _ => Self::Other(match arguments {
                Some(arguments) => format!("{word}({arguments})"),
                None => word.to_owned(),
            }),
        };
        Some(read)
    }
}

/// Returns whether a tenant has all dimensions of another one, both as written after `in =`.
pub(crate) fn has_dimensions_of(tenant: &str, other: &str) -> bool {
    let dimensions =
        |text: &'_ str| text.trim_matches(['(', ')']).split(", ").map(str::to_owned).collect::<BTreeSet<_>>();
    dimensions(tenant).is_superset(&dimensions(other))
}

/// Splits arguments at `, in = `.
fn with_tenant(arguments: &str) -> (&str, Option<String>) {
    match arguments.rsplit_once(", in = ") {
        Some((names, tenant)) => (names, Some(tenant.to_owned())),
        None => (arguments, None),
    }
}

/// Parses a list of JSON strings: `"a", "b"`.
fn strings(text: &str) -> Option<Vec<String>> {
    serde_json::from_str(&format!("[{text}]")).ok()
}

/// Writes the form that [`Fact::read`] parses.
impl fmt::Display for Fact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Authenticated => f.write_str("authenticated"),
            Self::TenantMember(tenant) => write!(f, "authenticated(in = {tenant})"),
            Self::Name(kind, name, None) => write!(f, "{kind}({})", quoted(name)),
            Self::Name(kind, name, Some(tenant)) => write!(f, "{kind}({}, in = {tenant})", quoted(name)),
            Self::Claim(name, value) => write!(f, "claim({}, {value})", quoted(name)),
            Self::MaxAge(seconds) => write!(f, "max_age({:?})", duration(*seconds)),
            Self::Network(networks) => write!(f, "network({})", listed(networks.iter())),
            Self::Country(countries) => write!(f, "country({})", listed(countries.iter())),
            Self::Acr(value) => write!(f, "acr({})", quoted(value)),
            Self::ObjectAction(types) => write!(f, "authorized({types})"),
            Self::List(types) => write!(f, "list({types})"),
            Self::Check(expression) => write!(f, "check({expression})"),
            Self::CheckForAnyone(expression) => write!(f, "check_for_anyone({expression})"),
            Self::Direct => f.write_str("direct"),
            Self::Login => f.write_str("login"),
            Self::Account => f.write_str("account"),
            Self::Scheme(name) => write!(f, "scheme({})", quoted(name)),
            Self::Credential(kind, None) => write!(f, "credential({})", quoted(kind)),
            Self::Credential(kind, Some(tenant)) => write!(f, "credential({}, in = {tenant})", quoted(kind)),
            Self::Other(text) => f.write_str(text),
        }
    }
}

fn listed(parts: impl Iterator<Item = impl fmt::Display>) -> String {
    parts.map(|part| format!("\"{part}\"")).collect::<Vec<_>>().join(", ")
}

const UNITS: [(u64, &str); 4] = [(86_400, "d"), (3_600, "h"), (60, "m"), (1, "s")];

/// Formats a duration in the largest unit that divides it.
fn duration(seconds: u64) -> String {
    let unit = UNITS.into_iter().find(|(unit, _)| seconds > 0 && seconds.is_multiple_of(*unit));
    let (unit, name) = unit.unwrap_or((1, "s"));
    format!("{}{name}", seconds / unit)
}

fn seconds(duration: &str) -> Option<u64> {
    let (number, unit) = duration.split_at_checked(duration.len().checked_sub(1)?)?;
    let (unit, _) = UNITS.into_iter().find(|(_, name)| *name == unit)?;
    number.parse::<u64>().ok()?.checked_mul(unit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rule_facts_round_trip_through_text() {
        let name =
            |tenant: Option<&str>| Fact::Name("role".to_owned(), "a \"b\"".to_owned(), tenant.map(str::to_owned));
        let facts = [
            Fact::Authenticated,
            name(None),
            name(Some("org")),
            name(Some("(org, team)")),
            Fact::TenantMember("(org, team)".to_owned()),
            Fact::Claim("/a/b".to_owned(), "true".to_owned()),
            Fact::MaxAge(0),
            Fact::MaxAge(90),
            Fact::MaxAge(86_400),
            Fact::Network(vec!["10.0.0.0/8".parse().unwrap(), "::1/128".parse().unwrap()]),
            Fact::Country(["DE".to_owned(), "FR".to_owned()].into()),
            Fact::Acr("urn:a:\"b\"".to_owned()),
            Fact::ObjectAction("Post, Edit".to_owned()),
            Fact::List("Post, Read".to_owned()),
            Fact::Check("post.author == principal.id()".to_owned()),
            Fact::CheckForAnyone("is_open(\")\")".to_owned()),
            Fact::Direct,
            Fact::Login,
            Fact::Account,
            Fact::Scheme("client-cert".to_owned()),
            Fact::Credential("merchant-key".to_owned(), None),
            Fact::Credential("merchant-key".to_owned(), Some("(org, profile)".to_owned())),
            Fact::Other("later(\"x\")".to_owned()),
            Fact::Other("later".to_owned()),
        ];
        for fact in facts {
            let text = fact.to_string();
            let (word, arguments) = match text.split_once('(') {
                Some((word, rest)) => (word, rest.strip_suffix(')')),
                None => (text.as_str(), None),
            };
            assert_eq!(Fact::read(word, arguments), Some(fact), "{text}");
        }
        for (word, arguments) in [
            ("", None),
            ("acr", None),
            ("scheme", Some("\"a\", \"b\"")),
            ("max_age", Some("\"5y\"")),
            ("role", Some("")),
        ] {
            assert_eq!(Fact::read(word, arguments), None, "{word} {arguments:?}");
        }
    }
}
