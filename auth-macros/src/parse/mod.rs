//! Parsing. Reports only mistakes that prevent further parsing.

mod source_text;
mod expressions;
mod tokens;
mod root;
mod arguments;
mod function;

pub(crate) use self::arguments::{RAW_IN, Word, Words, is_connective, words};
pub(crate) use self::expressions::{has_plain_end, ungrouped};
pub(crate) use self::function::{Function, Item, Parameter, Route, is_guard, is_inert, lint_allows, parse_item};
pub(crate) use self::root::{begins_with_crate, find_root, read_root};
pub(crate) use self::source_text::one_line;
pub(crate) use self::tokens::{find_attribute, find_suffixed, split_at_commas, split_inner_attributes};
