//! Keys of objects that no rule has checked.

use std::any::type_name;
use std::fmt;
use std::marker::PhantomData;
use std::str::FromStr;

use auth_core::client::object_key::{KeyError, integer_key};
use serde::Deserialize;
use serde::de::{Deserializer, Visitor};

use super::denial::Denial;
use super::resource::Resource;

/// The key of an object that nobody has checked yet, for fields of request bodies and queries.
///
/// It yields an object only through [`Authorizer::object`](crate::Authorizer::object) and [`each`](crate::Authorizer::each), which check
/// that the caller may perform an action on it. So a handler cannot use a key from a body by mistake.
/// [`into_unchecked`](Self::into_unchecked) is the only other way, and text search finds it.
///
/// It is read like a key in a rule: a string, or an integer of at most 20 digits without fraction, exponent or negative zero, that parses as
/// [`Resource::Key`]. The parsers of most formats do not preserve integers above 2⁶⁴, which are therefore rejected: send them as strings.
///
/// Fields that accept any value (`serde_json::Value`, open maps) are not protected.
///
/// ```
/// # use auth_actix::object::LoadContext;
/// use auth_actix::object::Unchecked;
/// # use auth_actix::Resource;
/// # struct Person { id: i64 }
/// # impl Resource for Person {
/// #     type Key = i64;
/// #     type Deps = ();
/// #     type Error = actix_web::Error;
/// #     const PATH: &'static str = "person";
/// #     fn key(&self) -> i64 { self.id }
/// #     async fn load(_: &[i64], _: &LoadContext<'_>, (): &()) -> Result<Vec<Self>, actix_web::Error> { Ok(Vec::new()) }
/// # }
///
/// #[derive(serde::Deserialize)]
/// struct Ban { person_id: Unchecked<Person>, reason: String }
///
/// let ban: Ban = serde_json::from_str(r#"{"person_id": 7, "reason": "spam"}"#).unwrap();
/// assert_eq!(ban.person_id.into_unchecked("the ban is only logged"), 7);
/// assert!(serde_json::from_str::<Ban>(r#"{"person_id": 7.0, "reason": "spam"}"#).is_err());
/// ```
#[must_use]
pub struct Unchecked<R: Resource>(pub(crate) R::Key);

impl<R: Resource> Unchecked<R> {
    /// Parses the text of a key.
    ///
    /// # Errors
    /// The text is not a key: 400 `malformed-key`.
    pub fn from_text(text: &str) -> Result<Self, Denial> {
        let malformed = || KeyError::Malformed("the text is not a key of the type");
        text.parse().map(Self).map_err(|_| auth_core::denial::Denial::from(malformed()).into())
    }

    /// Returns the key without a check. `why` is for readers of the code: it states why no check is needed, and must not be empty.
    #[must_use]
    pub fn into_unchecked(self, why: &'static str) -> R::Key {
        debug_assert!(!why.trim().is_empty(), "state why the key needs no check");
        self.0
    }
}

impl<R: Resource> Clone for Unchecked<R> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

/// Shows the type only.
impl<R: Resource> fmt::Debug for Unchecked<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Unchecked<{}>", type_name::<R>())
    }
}

impl<R: Resource> FromStr for Unchecked<R> {
    type Err = Denial;

    fn from_str(text: &str) -> Result<Self, Denial> {
        Self::from_text(text)
    }
}

impl<'de, R: Resource> Deserialize<'de> for Unchecked<R> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // `any`, because formats differ in whether a key is text, and `flatten` and `untagged` buffer values.
        deserializer.deserialize_any(KeyVisitor(PhantomData))
    }
}

/// Reads a string or an integer.
struct KeyVisitor<R>(PhantomData<fn() -> R>);

impl<R: Resource> KeyVisitor<R> {
    fn read<E: serde::de::Error>(number: impl fmt::Display) -> Result<Unchecked<R>, E> {
        let text = number.to_string();
        let text = integer_key(&text).ok_or_else(|| E::custom("the integer has too many digits for a key"))?;
        Self::parse(text)
    }

    fn parse<E: serde::de::Error>(text: &str) -> Result<Unchecked<R>, E> {
        text.parse().map(Unchecked).map_err(|_| E::custom("the value is not a key of the type"))
    }
}

impl<R: Resource> Visitor<'_> for KeyVisitor<R> {
    type Value = Unchecked<R>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the key of an object: a string or an integer")
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Self::Value, E> {
        Self::parse(text)
    }

    fn visit_i64<E: serde::de::Error>(self, number: i64) -> Result<Self::Value, E> {
        Self::read(number)
    }

    fn visit_u64<E: serde::de::Error>(self, number: u64) -> Result<Self::Value, E> {
        Self::read(number)
    }

    fn visit_i128<E: serde::de::Error>(self, number: i128) -> Result<Self::Value, E> {
        Self::read(number)
    }

    fn visit_u128<E: serde::de::Error>(self, number: u128) -> Result<Self::Value, E> {
        Self::read(number)
    }
}
