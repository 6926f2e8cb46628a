//! The claim `access` of tokens: `"r"`, `"m"`, or a list of collections.

use auth_actix::identity::{Rights, RightsIn, Tenant};
use serde::Deserialize;

/// The access of a token.
#[derive(Deserialize)]
#[serde(untagged)]
enum Access {
    /// To everything.
    Global(Global),
    /// To collections.
    Collections(Vec<Entry>),
}

#[derive(Deserialize)]
enum Global {
    #[serde(rename = "r")]
    Read,
    #[serde(rename = "m")]
    Manage,
}

/// The access to one collection. An entry with another member, such as `payload`, is narrower than this example can express. The
/// whole claim is then unknown, because an entry without this restriction would grant more.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    collection: String,
    access: Local,
}

#[derive(Deserialize)]
enum Local {
    #[serde(rename = "r")]
    Read,
    #[serde(rename = "rw")]
    ReadWrite,
}

/// Returns the rights that the claim grants. `None` if a part of it is unknown.
pub(crate) fn rights(claim: &serde_json::Value) -> Option<Vec<(RightsIn, Rights)>> {
    let role = |role: &str| Rights::new().roles([role]);
    match Access::deserialize(claim).ok()? {
        Access::Global(Global::Read) => Some(vec![(RightsIn::Everywhere, role("read"))]),
        Access::Global(Global::Manage) => Some(vec![(RightsIn::Everywhere, role("manage"))]),
        Access::Collections(entries) => {
            let of = |entry: Entry| {
                let granted = match entry.access {
                    Local::Read => role("read"),
                    Local::ReadWrite => role("write"),
                };
                (RightsIn::Tenant(Tenant::of("collection", &entry.collection)), granted)
            };
            Some(entries.into_iter().map(of).collect())
        }
    }
}
