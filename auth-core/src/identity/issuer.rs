//! A source of credentials: what it is called, where its credentials say what, and what it may confer.

use std::collections::BTreeSet;
use std::sync::{Arc, OnceLock};

use crate::identity::grants::Table;
use crate::identity::scheme_id::SchemeId;
use crate::identity::vocabulary::{Bits, Name, NameKind, Vocabulary};
use crate::runtime::strict_json::{self, Raw};

/// What the credentials of one source may confer. Whatever else they say is dropped before the decision.
///
/// With a single source, everything. Where there are several, each has to say it (`.confers(…)`): otherwise the
/// weakest issuer could make administrators.
///
/// ```
/// use auth_core::Confers;
/// let partner = Confers::nothing().roles(["viewer"]).scopes(["read:reports"]);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Confers {
    roles: AllowedNames,
    permissions: AllowedNames,
    scopes: AllowedNames,
    claims: AllowedNames,
    acr: AllowedNames,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum AllowedNames {
    All,
    Only(BTreeSet<String>),
}

impl AllowedNames {
    fn allow(&self, name: &str) -> bool {
        match self {
            Self::All => true,
            Self::Only(names) => names.contains(name),
        }
    }

    fn only(names: impl IntoIterator<Item = impl ToString>) -> Self {
        Self::Only(names.into_iter().map(|name| name.to_string()).collect())
    }

    /// The names, where they are listed.
    fn listed(&self) -> impl Iterator<Item = &str> {
        let names = match self {
            Self::All => None,
            Self::Only(names) => Some(names),
        };
        names.into_iter().flatten().map(String::as_str)
    }
}

impl std::fmt::Display for Confers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let kinds = [
            ("roles", &self.roles),
            ("permissions", &self.permissions),
            ("scopes", &self.scopes),
            ("claims", &self.claims),
            ("acr values", &self.acr),
        ];
        if kinds.iter().all(|(_, names)| **names == AllowedNames::All) {
            return f.write_str("everything");
        }
        let mut said = Vec::new();
        for (kind, names) in kinds {
            match names {
                AllowedNames::All => said.push(format!("all {kind}")),
                AllowedNames::Only(names) if names.is_empty() => {}
                AllowedNames::Only(names) => {
                    let names: Vec<_> = names.iter().map(|name| format!("{name:?}")).collect();
                    said.push(format!("{kind} {}", names.join(", ")));
                }
            }
        }
        f.write_str(&if said.is_empty() { "an identity alone".to_owned() } else { said.join("; ") })
    }
}

impl Confers {
    /// All that its credentials say.
    pub const fn everything() -> Self {
        Self {
            roles: AllowedNames::All,
            permissions: AllowedNames::All,
            scopes: AllowedNames::All,
            claims: AllowedNames::All,
            acr: AllowedNames::All,
        }
    }

    /// No more than an identity; the methods add to it.
    pub const fn nothing() -> Self {
        const NONE: AllowedNames = AllowedNames::Only(BTreeSet::new());
        Self { roles: NONE, permissions: NONE, scopes: NONE, claims: NONE, acr: NONE }
    }

    /// These roles, with what they imply and grant: names, or values of the role type.
    #[must_use]
    pub fn roles(self, names: impl IntoIterator<Item = impl ToString>) -> Self {
        Self { roles: AllowedNames::only(names), ..self }
    }

    /// These permissions, beside those that roles grant: names, or values of the permission type.
    #[must_use]
    pub fn permissions(self, names: impl IntoIterator<Item = impl ToString>) -> Self {
        Self { permissions: AllowedNames::only(names), ..self }
    }

    /// These OAuth 2.0 scopes: names, or values of the scope type.
    #[must_use]
    pub fn scopes(self, names: impl IntoIterator<Item = impl ToString>) -> Self {
        Self { scopes: AllowedNames::only(names), ..self }
    }

    /// These claims, for `require_claim` and for the application.
    #[must_use]
    pub fn claims(self, names: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Self { claims: AllowedNames::only(names.into_iter().map(Into::<String>::into)), ..self }
    }

    /// These values of `acr`.
    #[must_use]
    pub fn acr(self, values: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Self { acr: AllowedNames::only(values.into_iter().map(Into::<String>::into)), ..self }
    }

    /// Whether it may say this name of that kind: `role`, `permission`, `scope`, `claim` or `acr`.
    pub fn says(&self, kind: &str, name: &str) -> bool {
        match kind {
            "role" => self.roles.allow(name),
            "permission" => self.permissions.allow(name),
            "scope" => self.scopes.allow(name),
            "claim" => self.claims.allow(name),
            "acr" => self.acr.allow(name),
            _ => false,
        }
    }

    /// The names of this kind that it lists; none where it confers all.
    pub fn listed(&self, kind: NameKind) -> impl Iterator<Item = &str> {
        self.names(kind).listed()
    }

    pub(crate) fn allows(&self, kind: NameKind, name: &str) -> bool {
        self.names(kind).allow(name)
    }

    pub(crate) fn allows_claim(&self, name: &str) -> bool {
        self.claims.allow(name)
    }

    pub(crate) fn allows_every_claim(&self) -> bool {
        self.claims == AllowedNames::All
    }

    pub(crate) fn allows_every_acr(&self) -> bool {
        self.acr == AllowedNames::All
    }

    pub(crate) fn allows_acr(&self, value: &str) -> bool {
        self.acr.allow(value)
    }

    const fn names(&self, kind: NameKind) -> &AllowedNames {
        match kind {
            NameKind::Role => &self.roles,
            NameKind::Permission => &self.permissions,
            NameKind::Scope => &self.scopes,
        }
    }
}

/// Whether the credentials of a source are of tenants: roles and permissions of one that is count in its tenant, and nowhere
/// else.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tenancy {
    /// None of them is.
    #[default]
    Never,
    /// Some are.
    Perhaps,
    /// All are.
    Always,
}

impl Tenancy {
    /// Whether roles of such a credential could count in a tenant, or in none.
    pub(crate) const fn could_count(self, in_tenant: bool) -> bool {
        match self {
            Self::Never => !in_tenant,
            Self::Perhaps => true,
            Self::Always => in_tenant,
        }
    }
}

/// The forms in which a claim may list names. A claim of another form lists nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Form {
    /// An array of strings.
    Array,
    /// One string, which is one name, or an array of strings.
    Names,
    /// One string of names separated by spaces, as `scope` is (RFC 8693 §4.2).
    Words,
    /// One string of names separated by this character, or an array of strings.
    Separated(char),
    /// An object, whose member names are the names.
    MemberNames,
    /// An object, or an array of objects, in which the member of this name contains the name.
    Member(String),
}

impl Form {
    /// Whether the value has this form.
    pub(crate) fn fits(&self, value: Raw<'_>) -> bool {
        match self {
            Self::Array => value.lists_strings(),
            Self::Names | Self::Separated(_) => value.is_string() || value.lists_strings(),
            Self::Words => value.is_string(),
            Self::MemberNames => value.is_object(),
            Self::Member(name) => {
                let is_named = |object: Raw<'_>| object.member(name).is_some_and(Raw::is_string);
                match value.elements() {
                    Some(mut objects) => objects.all(is_named),
                    None => is_named(value),
                }
            }
        }
    }

    /// A value of this form that lists these names.
    pub fn value(&self, names: &[&str]) -> serde_json::Value {
        let object = |member: &str, value: serde_json::Value| serde_json::Map::from_iter([(member.to_owned(), value)]);
        match self {
            Self::Array | Self::Names | Self::Separated(_) => names.into(),
            Self::Words => names.join(" ").into(),
            Self::MemberNames => names.iter().flat_map(|name| object(name, serde_json::json!({}))).collect(),
            Self::Member(member) => names.iter().map(|name| object(member, (*name).into())).collect(),
        }
    }

    /// Shows each name of a value that has this form to `visit`.
    pub(crate) fn each(&self, value: Raw<'_>, mut visit: impl FnMut(&str)) {
        match self {
            Self::Array | Self::Names => match value.string() {
                Some(name) => visit(&name),
                None => value.strings().into_iter().flatten().flatten().for_each(|name| visit(&name)),
            },
            Self::Words => split(value, ' ', &mut visit),
            Self::Separated(separator) => match value.strings() {
                None => split(value, *separator, &mut visit),
                Some(names) => names.flatten().for_each(|name| visit(&name)),
            },
            Self::MemberNames => value.members().into_iter().flatten().for_each(|(name, _)| visit(&name)),
            Self::Member(member) => {
                let mut visit = |object: Raw<'_>| {
                    if let Some(name) = object.member(member).and_then(Raw::string) {
                        visit(&name);
                    }
                };
                match value.elements() {
                    Some(objects) => objects.for_each(visit),
                    None => visit(value),
                }
            }
        }
    }
}

fn split(value: Raw<'_>, separator: char, visit: &mut impl FnMut(&str)) {
    let text = value.string().unwrap_or_default();
    text.split(separator).map(|name| name.trim_matches(' ')).filter(|name| !name.is_empty()).for_each(visit);
}

/// A claim that lists names: where it is located among the claims, and what it lists.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListClaim {
    /// What it lists.
    pub kind: NameKind,
    /// How it lists it.
    pub form: Form,
    /// The names of the members that lead to it.
    pub path: Vec<String>,
    /// Text that is put in front of each of its names.
    pub prefix: String,
}

impl ListClaim {
    /// Without a prefix.
    pub const fn new(kind: NameKind, form: Form, path: Vec<String>) -> Self {
        Self { kind, form, path, prefix: String::new() }
    }

    /// Its location, as a JSON pointer (RFC 6901).
    pub fn pointer(&self) -> String {
        strict_json::pointer(&self.path)
    }
}

/// The claim in which a token lists names, and its accepted form.
///
/// Without a further call the claim is one string, which is one name, or an array of strings. Anything else lists nothing.
///
/// ```
/// use auth_core::identity::issuer::NameList;
/// use auth_core::scheme::bearer::Jwt;
/// let jwt = Jwt::hs256([7; 32])
///     .issuer("https://id.example")
///     .audience("reports")
///     .roles_at([NameList::at("/urn:zitadel:iam:org:project:roles").member_names()])
///     .permissions_at([NameList::at("/permissions").separated_by(',')]);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub struct NameList {
    pub(crate) pointer: String,
    pub(crate) form: Option<Form>,
    pub(crate) prefix: String,
}

impl NameList {
    /// A claim by its JSON pointer (RFC 6901). In a claim name, `~` is written `~0` and `/` is written `~1`.
    pub fn at(pointer: impl Into<String>) -> Self {
        Self { pointer: pointer.into(), form: None, prefix: String::new() }
    }

    /// One string of names separated by this character, such as `"admin,editor"`, or an array of strings. Spaces around a
    /// name do not belong to it.
    pub fn separated_by(self, separator: char) -> Self {
        Self { form: Some(Form::Separated(separator)), ..self }
    }

    /// An object whose member names are the names: `{"admin": {…}}`.
    pub fn member_names(self) -> Self {
        Self { form: Some(Form::MemberNames), ..self }
    }

    /// An array of objects that contain the name in this member: `[{"name": "admin"}]`.
    pub fn member(self, name: impl Into<String>) -> Self {
        Self { form: Some(Form::Member(name.into())), ..self }
    }

    /// Puts this text in front of each name: with `realm:`, the `admin` of the token is `realm:admin` in rules.
    pub fn prefix(self, prefix: impl Into<String>) -> Self {
        Self { prefix: prefix.into(), ..self }
    }
}

impl<T: Into<String>> From<T> for NameList {
    fn from(pointer: T) -> Self {
        Self::at(pointer)
    }
}

/// The role types of an application, whose grants count. Shared by its sources; grows while handlers are registered, and is
/// read without a lock.
#[derive(Clone, Debug, Default)]
pub struct RoleTypes {
    types: Arc<[OnceLock<&'static Vocabulary>; Self::MOST]>,
    data: Option<Table>,
}

impl RoleTypes {
    /// So many types of roles in one application.
    pub const MOST: usize = 16;

    /// Adds one, if it is not there; `false` if there are too many.
    pub fn add(&self, roles: &'static Vocabulary) -> bool {
        self.types.iter().any(|slot| slot.get_or_init(|| roles).is(roles))
    }

    /// Those that were added so far.
    pub fn iter(&self) -> impl Iterator<Item = &'static Vocabulary> + '_ {
        self.types.iter().map_while(OnceLock::get).copied()
    }

    /// The same, and grants that are data.
    #[must_use]
    pub fn with_data(self, table: Table) -> Self {
        Self { data: Some(table), ..self }
    }

    /// How often the grants that are data were replaced.
    pub(crate) fn changes(&self) -> u64 {
        self.data.as_ref().map_or(0, Table::changes)
    }

    /// The version of the grants that are data.
    pub fn version(&self) -> Option<String> {
        self.data.as_ref()?.version()
    }

    /// Whether somebody could hold the name, were they given roles: it is a role, or some role grants it.
    pub(crate) fn could_hold(&self, name: Name) -> bool {
        name.vocabulary.kind == NameKind::Role
            || self
                .iter()
                .any(|roles| (roles.names.iter().zip(0..)).any(|(_, role)| self.could_grant(roles, role, name)))
    }

    /// Whether the role at `index` could grant the name, as declared or by data.
    fn could_grant(&self, roles: &'static Vocabulary, index: u16, name: Name) -> bool {
        let data = self.data.as_ref().filter(|data| data.roles().is(roles));
        let declared = roles.grants.get(usize::from(index)).copied().unwrap_or_default();
        data.is_some_and(|data| data.could_grant(name.vocabulary))
            || declared
                .iter()
                .any(|granted| granted.vocabulary.is(name.vocabulary) && implies(name.vocabulary, granted.text, name))
    }

    /// What the role at `index` grants, as declared and as data says now.
    pub(crate) fn each_grant(&self, roles: &'static Vocabulary, index: u16, visit: &mut impl FnMut(&Name)) {
        roles.grants.get(usize::from(index)).copied().unwrap_or_default().iter().for_each(&mut *visit);
        if let Some(data) = &self.data {
            data.each(roles, index, visit);
        }
    }
}

impl<const N: usize> From<[&'static Vocabulary; N]> for RoleTypes {
    fn from(all: [&'static Vocabulary; N]) -> Self {
        let types = Self::default();
        for one in all {
            types.add(one);
        }
        types
    }
}

/// A source of credentials, as settled at start-up. Each principal points at the one that it comes from.
#[derive(Clone, Debug)]
pub struct Issuer {
    /// Half of every identity that comes from it: the issuer of tokens, or `basic:<realm>`.
    pub issuer: Arc<str>,
    /// The scheme that carries its credentials.
    pub scheme: SchemeId,
    /// What it may confer.
    pub confers: Confers,
    /// Where its credentials list names.
    pub lists: Vec<ListClaim>,
    /// Whether its credentials carry claims, scopes and an `acr`, as tokens do.
    pub has_claims: bool,
    /// Whether its credentials are of tenants.
    pub tenancy: Tenancy,
    /// Whether its credentials carry every scope that it may confer.
    pub all_scopes: bool,
    /// The role types of the application, whose `grants` count.
    pub roles: RoleTypes,
}

impl Issuer {
    /// The source of callers whom a scheme of the application describes: they list roles, permissions and scopes.
    pub fn of_builder(issuer: &str, scheme: SchemeId, confers: Confers, roles: RoleTypes) -> Self {
        let list = |kind, name: &str| ListClaim::new(kind, Form::Array, vec![name.to_owned()]);
        Self {
            issuer: issuer.into(),
            scheme,
            confers,
            lists: vec![
                list(NameKind::Role, "roles"),
                list(NameKind::Permission, "permissions"),
                list(NameKind::Scope, "scope"),
            ],
            has_claims: true,
            tenancy: Tenancy::Never,
            all_scopes: false,
            roles,
        }
    }

    /// Where its credentials say what, if that is not the usual place, and for whom.
    pub(crate) fn places(&self) -> String {
        let mut places = String::new();
        if matches!(self.scheme, SchemeId::Bearer | SchemeId::Dpop) {
            for list in &self.lists {
                let usual = match list.kind {
                    NameKind::Role => "roles",
                    NameKind::Permission => "permissions",
                    NameKind::Scope => "scope",
                };
                if list.path == [usual] && list.prefix.is_empty() {
                    continue;
                }
                places += &format!(", {}s at {}", list.kind.word(), list.pointer());
                if !list.prefix.is_empty() {
                    places += &format!(" behind {:?}", list.prefix);
                }
            }
        }
        places += match self.tenancy {
            Tenancy::Never => "",
            Tenancy::Perhaps => ", perhaps of a tenant",
            Tenancy::Always => ", of a tenant",
        };
        if self.all_scopes {
            places += ", with every scope";
        }
        places
    }

    /// Whether a credential from here could say that it does not hold the name.
    pub(crate) fn could_answer(&self, name: Name) -> bool {
        let kind = name.vocabulary.kind;
        self.confers.allows(kind, name.text) && self.lists.iter().any(|list| list.kind == kind)
    }

    /// Whether every credential from here holds the scope.
    pub(crate) fn has_scope_anyway(&self, kind: NameKind, name: &str) -> bool {
        self.all_scopes && kind == NameKind::Scope && self.confers.allows(kind, name)
    }

    /// Whether a credential from here could hold the name, by itself or by what implies or grants it.
    pub(crate) fn could_hold(&self, name: Name) -> bool {
        let lists = |kind| self.lists.iter().any(|list| list.kind == kind);
        let kind = name.vocabulary.kind;
        let by_itself = lists(kind)
            && match self.confers.names(kind) {
                AllowedNames::All => true,
                AllowedNames::Only(names) => names.iter().any(|conferred| implies(name.vocabulary, conferred, name)),
            };
        by_itself
            || self.has_scope_anyway(kind, name.text)
            || (kind == NameKind::Permission
                && lists(NameKind::Role)
                && self.roles.iter().any(|roles| {
                    (roles.names.iter().zip(0..)).any(|(role, index)| {
                        self.confers.roles.allow(role) && self.roles.could_grant(roles, index, name)
                    })
                }))
    }
}

/// Whether who holds `held` holds `name`.
pub(crate) fn implies(vocabulary: &'static Vocabulary, held: &str, name: Name) -> bool {
    if vocabulary.open {
        return held == name.text;
    }
    let Some(index) = vocabulary.index_of(held) else { return false };
    let mut bits = Bits::none_of(vocabulary);
    bits.add(vocabulary, index);
    bits.contains(name.index)
}
