use std::borrow::Cow;
use std::fmt;

use super::{Fact, Requirement};
use crate::identity::principal::Principal;
use crate::policy::facts::Facts;
use crate::policy::truth::Truth;
use crate::runtime::strict_json::{Raw, name_of, quoted};

/// A claim that equals a value, or an array that contains it.
#[derive(Clone, Copy, Debug)]
pub struct Claim {
    /// The name of the claim, or a JSON pointer (RFC 6901) to a nested claim.
    pub name: &'static str,
    /// The required value. It is compared as a whole and by its type.
    pub value: ClaimValue,
}

/// The value that a claim is compared with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClaimValue {
    /// A string.
    Text(&'static str),
    /// `true` or `false`.
    Bool(bool),
    /// An integer.
    Integer(i64),
}

impl ClaimValue {
    /// Returns whether both are equal. Unlike `==`, it is available in const code.
    pub(crate) const fn is(self, other: Self) -> bool {
        match (self, other) {
            (Self::Text(one), Self::Text(other)) => crate::identity::vocabulary::same(one, other),
            (Self::Bool(one), Self::Bool(other)) => one == other,
            (Self::Integer(one), Self::Integer(other)) => one == other,
            _ => false,
        }
    }

    /// Returns whether a claim has this value, or `None` if it has another type.
    fn equals(self, value: Raw<'_>) -> Option<bool> {
        match self {
            Self::Text(text) => Some(value.string()? == text),
            Self::Bool(expected) => match value.text() {
                "true" => Some(expected),
                "false" => Some(!expected),
                _ => None,
            },
            Self::Integer(expected) => {
                let is_number = value.text().starts_with(|first: char| first == '-' || first.is_ascii_digit());
                is_number.then(|| value.text().parse() == Ok(expected))
            }
        }
    }

    const fn kind(self) -> &'static str {
        match self {
            Self::Text(_) => "a string",
            Self::Bool(_) => "a boolean",
            Self::Integer(_) => "a number",
        }
    }
}

/// Writes the value as JSON.
impl fmt::Display for ClaimValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => f.write_str(&quoted(text)),
            Self::Bool(value) => value.fmt(f),
            Self::Integer(value) => value.fmt(f),
        }
    }
}

/// Returns the names of the members that lead to a claim. This is one name, or the steps of a JSON pointer (RFC 6901), which begins
/// with a slash.
///
/// ```
/// assert!(auth_core::policy::atom::claim_path("/app/plan").eq(["app", "plan"]));
/// assert!(auth_core::policy::atom::claim_path("app/plan").eq(["app/plan"]));
/// ```
pub fn claim_path(name: &str) -> impl Iterator<Item = Cow<'_, str>> {
    let (steps, whole) = match name.strip_prefix('/') {
        Some(pointer) => (Some(pointer.split('/')), None),
        None => (None, Some(Cow::Borrowed(name))),
    };
    steps.into_iter().flatten().map(name_of).chain(whole)
}

impl Claim {
    /// Returns the claim of the caller, if its issuer may confer it.
    fn find<'a>(&self, caller: &'a Principal) -> Option<Raw<'a>> {
        // Fast path for top-level claims, which most rules use.
        if !self.name.starts_with('/') {
            return caller.raw_claim(self.name);
        }
        let mut path = claim_path(self.name);
        let first = caller.raw_claim(&path.next()?)?;
        path.try_fold(first, |value, name| value.member(&name))
    }

    /// Returns whether the claim has the value. Returns `None` (no answer) if the claim is missing or has another type.
    fn answer(&self, caller: &Principal) -> Option<bool> {
        let claim = self.find(caller)?;
        let Some(elements) = claim.elements() else { return self.value.equals(claim) };
        let mut contains = false;
        for element in elements {
            contains |= self.value.equals(element)?;
        }
        Some(contains)
    }

    /// Describes the value that the credential contains instead, for logs.
    pub(crate) fn told(&self, caller: &Principal) -> String {
        let found = match self.find(caller) {
            None => "absent".to_owned(),
            Some(claim) => {
                let kind = match claim.text().as_bytes().first() {
                    Some(b'"') => "a string",
                    Some(b't' | b'f') => "a boolean",
                    Some(b'[') => "an array",
                    Some(b'{') => "an object",
                    Some(b'n') => "null",
                    _ => "a number",
                };
                match self.answer(caller) {
                    Some(_) => format!("{kind} with another value"),
                    None => format!("{kind}, which never equals {}", self.value.kind()),
                }
            }
        };
        format!("the claim {} is {found}", quoted(self.name))
    }
}

impl Requirement for Claim {
    const ABOUT_CALLER: bool = true;

    fn describe(&self, _: &'static str) -> Fact {
        Fact::Claim(self.name.to_owned(), self.value.to_string())
    }

    fn truth(&self, negated: bool, facts: &Facts<'_>) -> Truth {
        facts.of_caller(
            |caller| {
                // A claim that the credential omits, in part or as a whole, is not known to be absent.
                let may_answer =
                    !negated || claim_path(self.name).next().is_some_and(|name| !caller.omits_claim(&name));
                Truth::settled(may_answer && self.answer(caller).is_some_and(|has| has != negated))
            },
            |source| {
                source.has_claims && claim_path(self.name).next().is_some_and(|name| source.confers.allows_claim(&name))
            },
        )
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{alice, facts, source};
    use super::*;
    use crate::policy::facts::CallerFacts;

    #[test]
    fn claim_equals_or_contains_the_exact_value() {
        // JWT-27: (claims, holds, its negation holds)
        #[rustfmt::skip]
        let table = [
            (r#","org":"acme""#,          true,  false),
            (r#","org":["x","acme"]"#,    true,  false),
            (r#","org":"\u0061cme""#,     true,  false),
            (r#","org":"acme2""#,         false, true),
            (r#","org":"x acme""#,        false, true),
            (r#","org":[]"#,              false, true),
            (r#","org":{"acme":1}"#,      false, false),
            (r#","org":["acme",1]"#,      false, false),
            (r#","org":null"#,            false, false),
            (r#","o":{"org":"acme"}"#,    false, false),
            ("",                          false, false),
        ];
        let claim = Claim { name: "org", value: ClaimValue::Text("acme") };
        for (members, holds, negation) in table {
            let caller = alice(source(), members);
            let facts = facts(CallerFacts::Known(&caller));
            assert_eq!(claim.truth(false, &facts), Truth::settled(holds), "{members}");
            assert_eq!(claim.truth(true, &facts), Truth::settled(negation), "!{members}");
        }
    }

    #[test]
    fn claim_comparison_respects_type_and_json_pointer() {
        // Row 18: (name, value, claims, holds, its negation holds)
        use ClaimValue::{Bool, Integer, Text};
        #[rustfmt::skip]
        let table = [
            ("admin",       Bool(true),     r#","admin":true"#,              true,  false),
            ("admin",       Bool(true),     r#","admin":false"#,             false, true),
            ("admin",       Bool(false),    r#","admin":false"#,             true,  false),
            ("admin",       Bool(true),     r#","admin":"true""#,            false, false),
            ("admin",       Bool(true),     r#","admin":1"#,                 false, false),
            ("admin",       Text("true"),   r#","admin":true"#,              false, false),
            ("admin",       Bool(true),     r#","admin":[false,true]"#,      true,  false),
            ("admin",       Bool(true),     r#","admin":[true,"x"]"#,        false, false),
            ("level",       Integer(3),     r#","level":3"#,                 true,  false),
            ("level",       Integer(-3),    r#","level":-3"#,                true,  false),
            ("level",       Integer(3),     r#","level":4"#,                 false, true),
            ("level",       Integer(3),     r#","level":3.5"#,               false, true),
            ("level",       Integer(3),     r#","level":"3""#,               false, false),
            ("/app/plan",   Text("pro"),    r#","app":{"plan":"pro"}"#,      true,  false),
            ("/app/plan",   Text("pro"),    r#","app":{"plan":"free"}"#,     false, true),
            ("/app/plan",   Text("pro"),    r#","app":{}"#,                  false, false),
            ("/app/plan",   Text("pro"),    r#","app":"plan""#,              false, false),
            ("/app/plan",   Text("pro"),    r#","/app/plan":"pro""#,         false, false),
            ("/a~1b/~0c",   Text("pro"),    r#","a/b":{"~c":["pro"]}"#,      true,  false),
            ("a.b",         Text("pro"),    r#","a":{"b":"pro"}"#,           false, false),
            ("a.b",         Text("pro"),    r#","a.b":"pro""#,               true,  false),
        ];
        for (name, value, members, holds, negation) in table {
            let (claim, caller) = (Claim { name, value }, alice(source(), members));
            let facts = facts(CallerFacts::Known(&caller));
            assert_eq!(claim.truth(false, &facts), Truth::settled(holds), "{name} {value} {members}");
            assert_eq!(claim.truth(true, &facts), Truth::settled(negation), "!{name} {value} {members}");
        }
        let caller = alice(source(), r#","admin":true"#);
        let told = Claim { name: "admin", value: Text("true") }.told(&caller);
        assert_eq!(told, r#"the claim "admin" is a boolean, which never equals a string"#);
    }
}
