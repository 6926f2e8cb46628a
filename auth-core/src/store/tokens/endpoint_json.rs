//! The JSON of the token endpoints: requests for tokens, and lists of them.

use std::time::Duration;

use serde::Serialize;

use super::limits::{CeilingText, networks_of, optional, tenants_of, with_names};
use super::record::TokenRecord;
use crate::identity::dimension_name::known_dimension;
use crate::identity::network::Network;
use crate::identity::rights::Rights;
use crate::identity::tenant::Tenant;
use crate::identity::vocabulary::NameKind;
use crate::runtime::clock::{Timestamp, WallTime};
use crate::runtime::strict_json::{self, Raw};

/// A request for a token.
#[doc(hidden)]
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct TokenRequest {
    pub name: String,
    pub expires_in: Option<Duration>,
    pub ceiling: Rights,
    pub tenants: Option<Vec<Tenant>>,
    pub networks: Option<Vec<Network>>,
}

impl TokenRequest {
    /// Reads a JSON object with the member `name`. The members `expires_in`, `roles`, `permissions`, `scopes`, `tenants` and
    /// `networks` are optional, and may be `null`. `None` if the text is not strict JSON, has another member, or contains an invalid
    /// value.
    pub fn read(text: &str) -> Option<Self> {
        let mut request = Self::default();
        let (mut name, mut is_valid) = (None, true);
        let visit = |member: &str, value: Raw<'_>| {
            let read = match member {
                "name" => value.string().map(|text| name = Some(text.into_owned())),
                "expires_in" => optional(value, seconds).map(|lifetime| request.expires_in = lifetime),
                "roles" => request.add_names(NameKind::Role, value),
                "permissions" => request.add_names(NameKind::Permission, value),
                "scopes" => request.add_names(NameKind::Scope, value),
                "tenants" => {
                    let tenants = optional(value, |value| tenants_of(value, known_dimension));
                    tenants.map(|tenants| request.tenants = tenants)
                }
                "networks" => optional(value, networks_of).map(|networks| request.networks = networks),
                _ => None,
            };
            is_valid &= read.is_some();
        };
        strict_json::object(text, visit).ok()?;
        request.name = name.filter(|name| is_valid && !name.is_empty())?;
        Some(request)
    }

    fn add_names(&mut self, kind: NameKind, value: Raw<'_>) -> Option<()> {
        self.ceiling = with_names(std::mem::take(&mut self.ceiling), kind, value)?;
        Some(())
    }
}

/// Reads a number of seconds, without a fraction or an exponent.
fn seconds(value: Raw<'_>) -> Option<Duration> {
    let seconds = value.text().parse::<u32>().ok().filter(|seconds| *seconds > 0)?;
    Some(Duration::from_secs(seconds.into()))
}

#[derive(Serialize)]
struct TokenText<'a> {
    id: &'a str,
    name: &'a str,
    created: i64,
    expires: Option<i64>,
    last_used: Option<i64>,
    #[serde(flatten)]
    ceiling: CeilingText<'a>,
    tenants: Option<Vec<Vec<(&'static str, &'a str)>>>,
    networks: Option<Vec<String>>,
    /// The token itself, when it is issued.
    #[serde(skip_serializing_if = "Option::is_none")]
    token: Option<&'a str>,
}

impl TokenRecord {
    /// Returns a JSON object without digests. Times are seconds since 1970. `ceiling` applies to a record that has none. `token` is the
    /// token itself, when it is issued.
    #[doc(hidden)]
    pub fn to_json(&self, ceiling: &Rights, token: Option<&str>) -> String {
        serde_json::to_string(&self.text(ceiling, token)).unwrap_or_default()
    }

    fn text<'a>(&'a self, ceiling: &'a Rights, token: Option<&'a str>) -> TokenText<'a> {
        let seconds = |time: WallTime| Timestamp::from_wall_time(time).seconds();
        TokenText {
            id: self.id.as_str(),
            name: &self.name,
            created: seconds(self.created),
            expires: self.expires.map(seconds),
            last_used: self.last_used.map(seconds),
            ceiling: CeilingText::of(self.ceiling.as_ref().unwrap_or(ceiling)),
            tenants: self.tenants.as_ref().map(|all| all.iter().map(|one| one.dimensions().collect()).collect()),
            networks: self.networks.as_ref().map(|all| all.iter().map(Network::to_string).collect()),
            token,
        }
    }
}

/// Returns the JSON object `{"tokens":[…]}`.
#[doc(hidden)]
pub fn list_json<'a>(records: impl Iterator<Item = &'a TokenRecord>, ceiling: &Rights) -> String {
    let tokens: Vec<_> = records.map(|record| record.text(ceiling, None)).collect();
    serde_json::json!({ "tokens": tokens }).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::dimension_name::dimension_name;
    use crate::identity::rights::All;
    use crate::store::tokens::{Owner, TokenId};

    #[test]
    fn requests_for_tokens_are_read_strictly() {
        // TOKEN-8
        let org = dimension_name("org").unwrap();
        let named = |change: fn(&mut TokenRequest)| {
            let mut request = TokenRequest { name: "ci".to_owned(), ..TokenRequest::default() };
            change(&mut request);
            Some(request)
        };
        #[rustfmt::skip]
        let table = [
            (r#"{"name":"ci"}"#,                                    named(|_| {})),
            (r#"{"name":"ci","expires_in":null,"roles":null,"tenants":null,"networks":null}"#, named(|_| {})),
            (r#"{"name":"ci","expires_in":60}"#,                    named(|it| it.expires_in = Some(Duration::from_secs(60)))),
            (r#"{"name":"ci","scopes":["a"],"roles":"all"}"#,       named(|it| it.ceiling = Rights::new().scopes(["a"]).roles(All))),
            (r#"{"name":"ci","networks":["10.0.0.0/8"]}"#,          named(|it| it.networks = Some(vec!["10.0.0.0/8".parse().unwrap()]))),
            (r#"{"name":"ci","tenants":[[["org","acme"]]]}"#,       named(|it| it.tenants = Some(vec![Tenant::of("org", "acme")]))),
            (r#"{"name":"ci","tenants":[[["of no setting","a"]]]}"#, None),
            (r#"{"name":"ci","tenants":[["org","acme"]]}"#,         None),
            (r#"{"name":""}"#,                                      None),
            (r#"{"name":7}"#,                                       None),
            (r#"{}"#,                                               None),
            (r#"{"name":"ci","owner":"account:member:9"}"#,         None),
            (r#"{"name":"ci","name":"ci"}"#,                        None),
            (r#"{"name":"ci","expires_in":0}"#,                     None),
            (r#"{"name":"ci","expires_in":-1}"#,                    None),
            (r#"{"name":"ci","expires_in":1.0}"#,                   None),
            (r#"{"name":"ci","expires_in":"60"}"#,                  None),
            (r#"{"name":"ci","expires_in":99999999999}"#,           None),
            (r#"{"name":"ci","roles":"admin"}"#,                    None),
            (r#"{"name":"ci","roles":["admin",7]}"#,                None),
            (r#"{"name":"ci","networks":["10.0.0.1/8"]}"#,          None),
            (r#"{"name":"ci"} x"#,                                  None),
            (r#"["ci"]"#,                                           None),
            ("",                                                    None),
        ];
        for (text, expected) in table {
            assert_eq!(TokenRequest::read(text), expected, "{text}");
        }
        assert_eq!(org, "org");
    }

    #[test]
    fn lists_contain_the_limits_and_no_digest() {
        // TOKEN-8
        let mut record =
            TokenRecord::new("7".parse::<TokenId>().unwrap(), Owner::Client("a".into()), WallTime::UNIX_EPOCH);
        record.tenants = Some(vec![Tenant::of("org", "acme")]);
        let expected = concat!(
            r#"{"id":"7","name":"","created":0,"expires":null,"last_used":null,"roles":["reader"],"permissions":null,"#,
            r#""scopes":"all","tenants":[[["org","acme"]]],"networks":null}"#,
        );
        let ceiling = Rights::new().roles(["reader"]).scopes(All);
        assert_eq!(record.to_json(&ceiling, None), expected);
        let issued = record.to_json(&ceiling, Some("pat_x"));
        assert!(issued.ends_with(r#","token":"pat_x"}"#), "{issued}");
        record.ceiling = Some(Rights::new());
        assert!(record.to_json(&ceiling, None).contains(r#""roles":null"#));
        let list: serde_json::Value =
            serde_json::from_str(&list_json([&record, &record].into_iter(), &ceiling)).unwrap();
        assert_eq!(list["tokens"].as_array().unwrap().len(), 2);
    }
}
