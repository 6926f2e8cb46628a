//! The formulas of attributes.

mod arguments;
mod naming;
mod expression;
mod attribute;

pub(crate) use self::attribute::attribute_formula;
pub(crate) use self::expression::standalone_formula;
