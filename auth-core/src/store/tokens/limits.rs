//! The ceiling, the tenants and the networks of a token as JSON text.

use serde::Serialize;

use super::record::{TokenRecord, TokenRecordError};
use crate::identity::dimension_name::dimension_name;
use crate::identity::network::Network;
use crate::identity::rights::{All, Answer, Rights};
use crate::identity::tenant::Tenant;
use crate::identity::vocabulary::NameKind;
use crate::runtime::strict_json::{self, Raw};

/// Version of the text. A reader rejects other versions, because an unknown limit must not be ignored.
const VERSION: u8 = 1;

/// Maximum length of the text in bytes.
const MAX_LENGTH: usize = 64 * 1024;

/// Maximum number of dimensions of a tenant.
const MAX_DIMENSIONS: usize = 8;

impl TokenRecord {
    /// Returns the ceiling, the tenants and the networks as JSON text, for stores with text columns.
    ///
    /// All members are present. `null` is `None`, and in a ceiling a kind that was never set. Tenants are lists of dimensions, in
    /// order. The text contains a version. It has at most 64 KiB.
    ///
    /// ```
    /// use std::time::SystemTime;
    /// use auth_actix::identity::{All, Rights, Tenant};
    /// use auth_actix::tokens::{Owner, TokenId, TokenRecord};
    /// let owner = Owner::Client("backup".into());
    /// let mut record = TokenRecord::new("7".parse::<TokenId>()?, owner.clone(), SystemTime::UNIX_EPOCH);
    /// record.ceiling = Some(Rights::new().roles(["reader"]).scopes(All));
    /// record.tenants = Some(vec![Tenant::of("org", "acme").and("workspace", "web")]);
    /// let text = concat!(
    ///     r#"{"v":1,"ceiling":{"roles":["reader"],"permissions":null,"scopes":"all"},"#,
    ///     r#""tenants":[[["org","acme"],["workspace","web"]]],"networks":null}"#,
    /// );
    /// assert_eq!(record.limits()?, text);
    /// let mut read = TokenRecord::new("7".parse()?, owner, SystemTime::UNIX_EPOCH);
    /// read.set_limits(text)?;
    /// assert_eq!(read, record);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// The text would be too long, or [`set_limits`](Self::set_limits) would not restore the fields from it: a tenant has an empty
    /// value or name, a value of more than 128 bytes, or more than eight dimensions.
    pub fn limits(&self) -> Result<String, TokenRecordError> {
        let text = serde_json::to_string(&LimitsText {
            v: VERSION,
            ceiling: self.ceiling.as_ref().map(CeilingText::of),
            tenants: self.tenants.as_ref().map(|all| all.iter().map(|one| one.dimensions().collect()).collect()),
            networks: self.networks.as_ref().map(|all| all.iter().map(Network::to_string).collect()),
        });
        let text = text.map_err(|_| TokenRecordError::Limits)?;
        let Limits { ceiling, tenants, networks } = Limits::read(&text).ok_or(TokenRecordError::Limits)?;
        let is_restored = ceiling == self.ceiling && tenants == self.tenants && networks == self.networks;
        if is_restored { Ok(text) } else { Err(TokenRecordError::Limits) }
    }

    /// Sets the ceiling, the tenants and the networks from the text of [`limits`](Self::limits).
    ///
    /// # Errors
    /// The text is not strict JSON, lacks a member, has an unknown or duplicate one, has another version, or contains an invalid
    /// value. The record is unchanged. A store must then return [`StoreUnavailable`](crate::store::unavailable::StoreUnavailable), because a token
    /// without its limits would have more rights than its owner gave it.
    pub fn set_limits(&mut self, text: &str) -> Result<(), TokenRecordError> {
        let Limits { ceiling, tenants, networks } = Limits::read(text).ok_or(TokenRecordError::Limits)?;
        (self.ceiling, self.tenants, self.networks) = (ceiling, tenants, networks);
        Ok(())
    }
}

#[derive(Serialize)]
struct LimitsText<'a> {
    v: u8,
    ceiling: Option<CeilingText<'a>>,
    tenants: Option<Vec<Vec<(&'static str, &'a str)>>>,
    networks: Option<Vec<String>>,
}

#[derive(Serialize)]
pub(super) struct CeilingText<'a> {
    roles: NamesText<'a>,
    permissions: NamesText<'a>,
    scopes: NamesText<'a>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum NamesText<'a> {
    Silent(Option<()>),
    All(&'static str),
    Names(Vec<&'a str>),
}

/// The text of all names of a kind.
const ALL: &str = "all";

impl<'a> CeilingText<'a> {
    pub(super) fn of(rights: &'a Rights) -> Self {
        let of = |kind| match rights.of(kind) {
            Answer::Silent => NamesText::Silent(None),
            Answer::All => NamesText::All(ALL),
            Answer::Names(names) => NamesText::Names(names.iter().map(String::as_str).collect()),
        };
        Self { roles: of(NameKind::Role), permissions: of(NameKind::Permission), scopes: of(NameKind::Scope) }
    }
}

#[derive(Default)]
struct Limits {
    ceiling: Option<Rights>,
    tenants: Option<Vec<Tenant>>,
    networks: Option<Vec<Network>>,
}

impl Limits {
    fn read(text: &str) -> Option<Self> {
        if text.len() > MAX_LENGTH {
            return None;
        }
        let [mut version, mut ceiling, mut tenants, mut networks] = [None; 4];
        let mut is_known = true;
        let visit = |name: &str, value| match name {
            "v" => version = Some(value),
            "ceiling" => ceiling = Some(value),
            "tenants" => tenants = Some(value),
            "networks" => networks = Some(value),
            _ => is_known = false,
        };
        strict_json::object(text, visit).ok()?;
        if !is_known || version?.text() != VERSION.to_string() {
            return None;
        }
        Some(Self {
            ceiling: optional(ceiling?, ceiling_of)?,
            tenants: optional(tenants?, |value| tenants_of(value, dimension_name))?,
            networks: optional(networks?, networks_of)?,
        })
    }
}

/// Reads a value that may be `null`. The outer `None` is an error.
pub(super) fn optional<'a, T>(value: Raw<'a>, read: impl FnOnce(Raw<'a>) -> Option<T>) -> Option<Option<T>> {
    if value.text() == "null" { Some(None) } else { read(value).map(Some) }
}

fn strings(value: Raw<'_>) -> Option<Vec<String>> {
    value.strings()?.map(|string| string.map(|string| string.into_owned())).collect()
}

fn ceiling_of(value: Raw<'_>) -> Option<Rights> {
    let [mut roles, mut permissions, mut scopes] = [None; 3];
    for (name, value) in value.members()? {
        match &*name {
            "roles" => roles = Some(value),
            "permissions" => permissions = Some(value),
            "scopes" => scopes = Some(value),
            _ => return None,
        }
    }
    let mut rights = Rights::new();
    for (kind, value) in
        [NameKind::Role, NameKind::Permission, NameKind::Scope].into_iter().zip([roles?, permissions?, scopes?])
    {
        rights = with_names(rights, kind, value)?;
    }
    Some(rights)
}

/// Returns the rights with the names of a kind, which may be `null`.
pub(super) fn with_names(rights: Rights, kind: NameKind, value: Raw<'_>) -> Option<Rights> {
    Some(match optional(value, Some)? {
        None => rights,
        Some(value) if value.string().is_some_and(|text| text == ALL) => match kind {
            NameKind::Role => rights.roles(All),
            NameKind::Permission => rights.permissions(All),
            NameKind::Scope => rights.scopes(All),
            NameKind::Credential => return None,
        },
        Some(value) => {
            let names = strings(value)?;
            match kind {
                NameKind::Role => rights.roles(names),
                NameKind::Permission => rights.permissions(names),
                NameKind::Scope => rights.scopes(names),
                NameKind::Credential => return None,
            }
        }
    })
}

pub(super) fn networks_of(value: Raw<'_>) -> Option<Vec<Network>> {
    strings(value)?.iter().map(|network| network.parse().ok()).collect()
}

/// Reads tenants. `name_of` returns the name of a dimension.
pub(super) fn tenants_of(value: Raw<'_>, name_of: fn(&str) -> Option<&'static str>) -> Option<Vec<Tenant>> {
    value.elements()?.map(|tenant| tenant_of(tenant, name_of)).collect()
}

fn tenant_of(value: Raw<'_>, name_of: fn(&str) -> Option<&'static str>) -> Option<Tenant> {
    let mut tenant: Option<Tenant> = None;
    for (position, dimension) in value.elements()?.enumerate() {
        let pair = strings(dimension)?;
        let [name, value] = pair.as_slice() else { return None };
        let is_value = (1..=Tenant::LONGEST).contains(&value.len());
        let is_new = tenant.as_ref().is_none_or(|tenant| tenant.get(name).is_none());
        if position >= MAX_DIMENSIONS || !is_value || !is_new {
            return None;
        }
        let name = name_of(name)?;
        tenant = Some(match tenant {
            None => Tenant::of(name, value),
            Some(tenant) => tenant.and(name, value),
        });
    }
    tenant
}
