//! The formula of an attribute, in negation normal form: `!` stands at atoms alone.

mod arguments;
mod naming;
mod expression;
mod attribute;

pub(crate) use self::attribute::of_attribute;
pub(crate) use self::expression::of_standalone;
