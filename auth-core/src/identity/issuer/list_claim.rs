//! Claims that list names, and their forms.

use crate::identity::vocabulary::NameKind;
use crate::runtime::strict_json::{self, Raw};

/// The form in which a claim lists names. A claim of another form lists nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Form {
    /// An array of strings.
    Array,
    /// A string, which is a single name, or an array of strings.
    Names,
    /// A string of names separated by spaces, as in `scope` (RFC 8693 §4.2).
    Words,
    /// A string of names separated by this character, or an array of strings.
    Separated(char),
    /// An object whose member names are the names.
    MemberNames,
    /// An object, or an array of objects, in which the member with this name contains the name.
    Member(String),
}

impl Form {
    /// Returns whether the value has this form.
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

    /// Returns a value of this form that lists these names.
    pub fn value(&self, names: &[&str]) -> serde_json::Value {
        let object = |member: &str, value: serde_json::Value| serde_json::Map::from_iter([(member.to_owned(), value)]);
        match self {
            Self::Array | Self::Names | Self::Separated(_) => names.into(),
            Self::Words => names.join(" ").into(),
            Self::MemberNames => names.iter().flat_map(|name| object(name, serde_json::json!({}))).collect(),
            Self::Member(member) => names.iter().map(|name| object(member, (*name).into())).collect(),
        }
    }

    /// Calls `visit` with each name in a value of this form.
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

/// A claim that lists names, with its location among the claims.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListClaim {
    /// The kind of the listed names.
    pub kind: NameKind,
    /// The form of the claim.
    pub form: Form,
    /// The names of the members on the path to the claim.
    pub path: Vec<String>,
    /// Text prepended to each name.
    pub prefix: String,
}

impl ListClaim {
    /// Creates a list without a prefix.
    pub const fn new(kind: NameKind, form: Form, path: Vec<String>) -> Self {
        Self { kind, form, path, prefix: String::new() }
    }

    /// Returns the location as a JSON Pointer (RFC 6901).
    pub fn pointer(&self) -> String {
        strict_json::pointer(&self.path)
    }
}

/// The claim in which a token lists names, and its accepted form.
///
/// By default, the claim is an array of names, or a string that is a single name. A value of any other form contains no names.
///
/// ```
/// use auth_actix::identity::NameList;
/// use auth_actix::Jwt;
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
    /// Selects a claim by its JSON Pointer (RFC 6901). In a claim name, `~` is written `~0` and `/` is written `~1`.
    pub fn at(pointer: impl Into<String>) -> Self {
        Self { pointer: pointer.into(), form: None, prefix: String::new() }
    }

    /// Expects a string of names separated by this character, such as `"admin,editor"`, or an array of strings. Spaces around a
    /// name are removed.
    pub fn separated_by(self, separator: char) -> Self {
        Self { form: Some(Form::Separated(separator)), ..self }
    }

    /// Expects an object whose member names are the names, such as `{"admin": {…}}`.
    pub fn member_names(self) -> Self {
        Self { form: Some(Form::MemberNames), ..self }
    }

    /// Expects an object, or an array of objects, that contain the name in this member, such as `[{"name": "admin"}]`.
    pub fn member(self, name: impl Into<String>) -> Self {
        Self { form: Some(Form::Member(name.into())), ..self }
    }

    /// Prepends this text to each name. With the prefix `realm:`, rules refer to the name `admin` of a token as `realm:admin`.
    pub fn prefix(self, prefix: impl Into<String>) -> Self {
        Self { prefix: prefix.into(), ..self }
    }
}

impl<T: Into<String>> From<T> for NameList {
    fn from(pointer: T) -> Self {
        Self::at(pointer)
    }
}
