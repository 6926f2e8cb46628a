//! What was written, as it was written. Judges nothing that does not keep it from reading on.

mod source_text;
mod expressions;
mod pieces;
mod root;
mod arguments;
mod function;

pub(crate) use self::arguments::{IN, Word, Words, joins, words};
pub(crate) use self::expressions::{has_plain_end, ungrouped};
pub(crate) use self::function::{Function, Item, Parameter, Route, allowed, is_guard, is_inert, item};
pub(crate) use self::pieces::{find_attribute, find_suffixed, pieces, split_inner_attributes};
pub(crate) use self::root::{begins_with_crate, root, root_of};
pub(crate) use self::source_text::one_line;
