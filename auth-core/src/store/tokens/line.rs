//! A token as a line of a file.

use serde::Serialize;

use super::columns::TokenColumns;
use super::record::{TokenRecord, TokenRecordError};
use crate::identity::token_digest::TokenDigest;
use crate::runtime::strict_json::{self, Raw};

#[derive(Serialize)]
struct Line<'a> {
    digest: String,
    id: &'a str,
    lineage: &'a str,
    owner_kind: &'a str,
    owner: &'a str,
    name: &'a str,
    created: i64,
    expires: Option<i64>,
    last_used: Option<i64>,
    revoked: bool,
}

/// Writes a token as one line, without a line break.
pub(super) fn write(digest: &TokenDigest, record: &TokenRecord) -> Result<String, TokenRecordError> {
    let columns = TokenColumns::of(record)?;
    let line = serde_json::to_string(&Line {
        digest: digest.to_hex(),
        id: &columns.id,
        lineage: &columns.lineage,
        owner_kind: &columns.owner_kind,
        owner: &columns.owner,
        name: &columns.name,
        created: columns.created,
        expires: columns.expires,
        last_used: columns.last_used,
        revoked: columns.revoked != 0,
    });
    // The limits are JSON text already.
    let mut line = line.map_err(|_| TokenRecordError::Limits)?;
    line.truncate(line.len() - 1);
    Ok(format!("{line},\"limits\":{}}}", columns.limits))
}

/// Names of the members of a line. All of them are present.
const MEMBERS: [&str; 11] =
    ["digest", "id", "lineage", "owner_kind", "owner", "name", "created", "expires", "last_used", "revoked", "limits"];

/// Reads a line that [`write`] has written. `None` if a member is missing, unknown or invalid.
pub(super) fn read(line: &str) -> Option<(TokenDigest, TokenRecord)> {
    let mut members = [None; MEMBERS.len()];
    let mut is_known = true;
    let visit = |name: &str, value| {
        let position = MEMBERS.iter().position(|member| *member == name);
        match position.and_then(|position| members.get_mut(position)) {
            Some(member) => *member = Some(value),
            None => is_known = false,
        }
    };
    strict_json::object(line, visit).ok()?;
    let [digest, id, lineage, owner_kind, owner, name, created, expires, last_used, revoked, limits] = members;
    let text = |value: Option<Raw<'_>>| value?.string().map(|text| text.into_owned());
    let seconds = |value: Raw<'_>| value.text().parse::<i64>().ok();
    let optional = |value: Raw<'_>| if value.text() == "null" { Some(None) } else { seconds(value).map(Some) };
    let columns = TokenColumns {
        id: text(id)?,
        lineage: text(lineage)?,
        owner_kind: text(owner_kind)?,
        owner: text(owner)?,
        name: text(name)?,
        created: seconds(created?)?,
        expires: optional(expires?)?,
        last_used: optional(last_used?)?,
        limits: limits?.text().to_owned(),
        revoked: match revoked?.text() {
            "true" => 1,
            "false" => 0,
            _ => return None,
        },
    };
    let digest = TokenDigest::from_hex(&text(digest)?)?;
    is_known.then_some((digest, columns.record().ok()?))
}

#[cfg(test)]
mod tests {
    use super::super::tests::{LIMITS, limited, limited_line};
    use super::*;

    #[test]
    fn token_lines_are_read_strictly() {
        let (digest, record) = read(&limited_line()).unwrap();
        assert_eq!((digest.to_hex(), record), ("07".repeat(32), limited()));
        assert_eq!(write(&digest, &limited()).unwrap(), limited_line());
        let hex = "07".repeat(32);
        #[rustfmt::skip]
        let table = [
            ("\"digest\"",              "\"digests\""),
            (hex.as_str(),              &hex[..30]),
            (hex.as_str(),              &hex[1..]),
            (hex.as_str(),              ""),
            (&hex[..62],                &"AB".repeat(31)),
            (hex.as_str(),              &"07".repeat(65)),
            ("\"id\":\"7\"",            "\"id\":7"),
            ("\"id\":\"7\"",            "\"id\":\"\""),
            ("\"id\":\"7\"",            "\"id\":\"7 8\""),
            ("\"lineage\":\"7\"",       "\"lineage\":null"),
            ("\"owner\":\"7\"",         "\"owner\":\"\""),
            ("\"owner\":\"7\"",         "\"owner\":\"a\\u0000\""),
            ("\"owner\":\"7\"",         "\"owner\":7"),
            ("\"owner_kind\":\"member\",", ""),
            ("\"owner_kind\":\"member\"", "\"owner_kind\":null"),
            ("\"name\":\"\"",           "\"name\":\"a\\nb\""),
            ("1764000000",              "\"1764000000\""),
            ("1764000000",              "1764000000.5"),
            ("1764000000",              "1e9"),
            ("1764000000",              "99999999999999999999"),
            ("1764000000",              "null"),
            ("\"expires\":null",        "\"expires\":\"never\""),
            ("\"expires\":null",        "\"expires\":false"),
            ("\"expires\":null,",       ""),
            ("\"expires\":null",        "\"expires\":1,\"expires\":null"),
            ("\"revoked\":false",       "\"revoked\":null"),
            ("\"revoked\":false",       "\"revoked\":0"),
            ("\"revoked\":false",       "\"revoked\":\"false\""),
            ("\"revoked\":false,",      ""),
            ("\"revoked\":false",       "\"revoked\":true,\"revoked\":false"),
            ("\"revoked\":false",       "\"revoked\":false,\"note\":\"\""),
            (LIMITS,                    "null"),
            (LIMITS,                    "{}"),
            ("\"v\":1",                 "\"v\":2"),
        ];
        for (from, to) in table {
            assert!(limited_line().contains(from), "{from}");
            let line = limited_line().replacen(from, to, 1);
            assert!(read(&line).is_none(), "{line}");
        }
        for end in 0..limited_line().len() {
            assert!(read(&limited_line()[..end]).is_none(), "a partial line: {end}");
        }
        let quoted = format!("{:?}", LIMITS);
        assert!(read(&limited_line().replacen(LIMITS, &quoted, 1)).is_none());
    }
}
