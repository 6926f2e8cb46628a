//! The values of columns.

use std::borrow::Cow;

use uuid::Uuid;

use crate::identity::id::Id;

/// A value that a database binds to a placeholder of [`Condition::to_sql`](super::Condition::to_sql).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum ColumnValue {
    /// A boolean.
    Bool(bool),
    /// An integer of 16 bits.
    I16(i16),
    /// An integer of 32 bits.
    I32(i32),
    /// An integer of 64 bits.
    I64(i64),
    /// A UUID.
    Uuid(Uuid),
    /// A text. An [`Id`] is bound as its text form.
    Text(String),
}

/// A value of a row, or one that rows are compared with.
#[doc(hidden)]
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum RowValue<'a> {
    Bool(bool),
    I16(i16),
    I32(i32),
    I64(i64),
    Uuid(Uuid),
    Text(Cow<'a, str>),
}

impl From<&RowValue<'_>> for ColumnValue {
    fn from(value: &RowValue<'_>) -> Self {
        match value {
            RowValue::Bool(value) => Self::Bool(*value),
            RowValue::I16(value) => Self::I16(*value),
            RowValue::I32(value) => Self::I32(*value),
            RowValue::I64(value) => Self::I64(*value),
            RowValue::Uuid(value) => Self::Uuid(*value),
            RowValue::Text(value) => Self::Text(value.to_string()),
        }
    }
}

/// The type of a column in the database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ColumnKind {
    /// A boolean.
    Bool,
    /// An integer of 16 bits.
    I16,
    /// An integer of 32 bits.
    I32,
    /// An integer of 64 bits.
    I64,
    /// A UUID.
    Uuid,
    /// A text.
    Text,
}

mod sealed {
    /// Prevents further implementations of [`StoredType`](super::StoredType).
    pub trait Sealed {}
}

/// A type that databases store: `bool`, `i16`, `i32`, `i64`, `Uuid`, `String` or [`Id`].
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a type that conditions compare",
    label = "conditions cannot compare it",
    note = "write `type Stored = …` with one of `bool`, `i16`, `i32`, `i64`, `Uuid`, `String` and `Id`"
)]
pub trait StoredType: sealed::Sealed + Clone + 'static {
    #[doc(hidden)]
    const KIND: ColumnKind;

    #[doc(hidden)]
    fn value(stored: Cow<'_, Self>) -> RowValue<'_>;

    /// Returns the value with this text form. `None` if no value has exactly this form.
    #[doc(hidden)]
    fn parse(text: &str) -> Option<RowValue<'static>>;
}

macro_rules! stored {
    ($($type:ty: $kind:ident;)*) => {$(
        impl sealed::Sealed for $type {}

        impl StoredType for $type {
            const KIND: ColumnKind = ColumnKind::$kind;

            fn value(stored: Cow<'_, Self>) -> RowValue<'_> {
                RowValue::$kind(*stored)
            }

            fn parse(text: &str) -> Option<RowValue<'static>> {
                let value: Self = text.parse().ok()?;
                (value.to_string() == text).then_some(RowValue::$kind(value))
            }
        }

        impl ColumnType for $type {
            type Stored = Self;

            fn stored(&self) -> Cow<'_, Self> {
                Cow::Borrowed(self)
            }
        }
    )*};
}

stored! {
    bool: Bool;
    i16: I16;
    i32: I32;
    i64: I64;
    Uuid: Uuid;
}

macro_rules! text {
    ($($type:ty: $text:expr;)*) => {$(
        impl sealed::Sealed for $type {}

        impl StoredType for $type {
            const KIND: ColumnKind = ColumnKind::Text;

            fn value(stored: Cow<'_, Self>) -> RowValue<'_> {
                let text: fn(&Self) -> &str = $text;
                RowValue::Text(match stored {
                    Cow::Borrowed(stored) => Cow::Borrowed(text(stored)),
                    Cow::Owned(stored) => Cow::Owned(stored.into()),
                })
            }

            fn parse(text: &str) -> Option<RowValue<'static>> {
                Some(RowValue::Text(Cow::Owned(text.to_owned())))
            }
        }

        impl ColumnType for $type {
            type Stored = Self;

            fn stored(&self) -> Cow<'_, Self> {
                Cow::Borrowed(self)
            }
        }
    )*};
}

text! {
    String: |text| text;
    Id: Id::as_str;
}

/// A type of values that conditions compare. Implemented for `bool`, `i16`, `i32`, `i64`, `Uuid`, `String` and [`Id`].
/// [`#[derive(ColumnType)]`](https://docs.rs/auth-macros/latest/auth_macros/derive.ColumnType.html) implements it for newtypes of them.
///
/// An implementation by hand states how an enum is stored. The row that is compared in the application and the row in the database must
/// contain the same value.
///
/// ```
/// use std::borrow::Cow;
/// use auth_actix::list::ColumnType;
///
/// #[derive(ColumnType)]
/// struct TeamId(i64);
///
/// enum Visibility { Public, Private }
///
/// impl ColumnType for Visibility {
///     type Stored = String;
///
///     fn stored(&self) -> Cow<'_, String> {
///         Cow::Owned(match self { Self::Public => "public", Self::Private => "private" }.to_owned())
///     }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be compared in a condition",
    label = "not a type of columns",
    note = "a column is a `bool`, `i16`, `i32`, `i64`, `Uuid`, `String`, `Id`, or an `Option` of one of these",
    note = "for a newtype of one of these, write `#[derive(ColumnType)]` above it",
    note = "for a field that no condition compares, write `#[columns(skip)]` above it"
)]
pub trait ColumnType {
    /// The type that the database stores.
    type Stored: StoredType;

    /// Returns the value that the database stores.
    fn stored(&self) -> Cow<'_, Self::Stored>;
}

/// Returns a value without a reference to the row.
pub(super) fn owned<T: ColumnType>(value: &T) -> RowValue<'static> {
    match T::Stored::value(value.stored()) {
        RowValue::Bool(value) => RowValue::Bool(value),
        RowValue::I16(value) => RowValue::I16(value),
        RowValue::I32(value) => RowValue::I32(value),
        RowValue::I64(value) => RowValue::I64(value),
        RowValue::Uuid(value) => RowValue::Uuid(value),
        RowValue::Text(value) => RowValue::Text(Cow::Owned(value.into_owned())),
    }
}

/// Returns the value of a field. Called by the code of the derive.
#[doc(hidden)]
pub fn field_value<T: ColumnType>(field: &T) -> RowValue<'_> {
    <T::Stored as StoredType>::value(field.stored())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_text_form_of_a_value_is_parsed() {
        // LIST-7: a tenant is compared by its text.
        let uuid = "67e55044-10b1-426f-9247-bb680e5fe0c8";
        #[rustfmt::skip]
        let table = [
            (i64::parse("7"),                     Some(RowValue::I64(7))),
            (i64::parse("07"),                    None),
            (i64::parse("+7"),                    None),
            (i64::parse("-0"),                    None),
            (i64::parse(" 7"),                    None),
            (i64::parse("9223372036854775808"),   None),
            (i16::parse("32768"),                 None),
            (i32::parse("-5"),                    Some(RowValue::I32(-5))),
            (bool::parse("true"),                 Some(RowValue::Bool(true))),
            (bool::parse("TRUE"),                 None),
            (Uuid::parse(uuid),                   uuid.parse().ok().map(RowValue::Uuid)),
            (Uuid::parse(&uuid.to_uppercase()),   None),
            (String::parse(" a"),                 Some(RowValue::Text(" a".into()))),
        ];
        for (row, (parsed, expected)) in table.into_iter().enumerate() {
            assert_eq!(parsed, expected, "row {row}");
        }
    }
}
