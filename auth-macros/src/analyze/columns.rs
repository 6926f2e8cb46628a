//! Validation of `#[derive(Columns)]` and `#[derive(ColumnType)]`.

use quote::ToTokens as _;
use syn::punctuated::Punctuated;
use syn::{
    Attribute, Data, DeriveInput, Expr, ExprAssign, ExprLit, Field, Fields, GenericArgument, Ident, Lit, LitStr,
    PathArguments, PathSegment, Token, Type,
};

use crate::diagnostics::{Diagnostics, did_you_mean};
use crate::parse;

/// A valid table.
#[derive(Default)]
pub(crate) struct DeclaredTable {
    pub(crate) name: String,
    pub(crate) columns: Vec<DeclaredColumn>,
    /// The dimensions of the tenant of a row, each with its constant.
    pub(crate) tenant: Vec<(String, Ident)>,
    pub(crate) root: Option<syn::Path>,
}

/// A field that is a column.
pub(crate) struct DeclaredColumn {
    pub(crate) field: Ident,
    pub(crate) visibility: syn::Visibility,
    /// The type of the values.
    pub(crate) kind: Type,
    /// Whether the field is an `Option` of the type.
    pub(crate) is_optional: bool,
    /// The name of the column in the database.
    pub(crate) name: String,
    /// The name of the constant.
    pub(crate) constant: Ident,
}

/// A valid newtype: its field.
pub(crate) struct DeclaredColumnType {
    pub(crate) field: Option<(syn::Member, Type)>,
    pub(crate) root: Option<syn::Path>,
}

/// The helper attribute.
const HELPER: &str = "columns";

/// The keys above the struct.
const TABLE_KEYS: [&str; 2] = ["table", "tenant"];

/// The keys above a field.
const FIELD_KEYS: [&str; 2] = ["rename", "skip"];

const TABLE_HELP: &str = "write `#[columns(table = \"posts\")]`";
const KEYS_HELP: &str = "write `table = \"posts\"`, or `tenant(org = org_id)` with a tenant and its field";
const TENANT_HELP: &str = "write `tenant(org = org_id)` with the name of a tenant and the field that contains it";
const FIELD_HELP: &str = "write `rename = \"…\"` for the name of the column, or `skip` if the field is not a column";

/// Validates a struct of columns. `None` if it is another item.
pub(crate) fn analyze_columns(input: &DeriveInput, diagnostics: &mut Diagnostics) -> Option<DeclaredTable> {
    let fields = named_fields(input, diagnostics)?;
    let mut table = DeclaredTable::default();
    let (mut name, mut tenants, mut is_mistaken) = (None, Vec::new(), false);
    for word in words(&input.attrs, TABLE_HELP, diagnostics) {
        match &word {
            Expr::Assign(assign) if is(&assign.left, "table") => match text(&assign.right) {
                Some(text) if name.is_none() => name = Some(text.clone()),
                Some(_) => diagnostics.note(&assign.left, "`table` is repeated", "delete one of the two"),
                None => {
                    is_mistaken = true;
                    diagnostics.note(&assign.right, "`table` is written as a string", TABLE_HELP);
                }
            },
            Expr::Assign(ExprAssign { left, eq_token, right, .. }) if is(left, "crate") => {
                table.root = parse::read_root(eq_token, right.to_token_stream(), diagnostics);
            }
            Expr::Call(call) if is(&call.func, "tenant") => tenants.extend(call.args.iter().cloned()),
            other => {
                is_mistaken = true;
                unknown(other, TABLE_KEYS, KEYS_HELP, diagnostics);
            }
        }
    }
    match name {
        Some(name) => table.name = checked_table(&name, diagnostics),
        None if is_mistaken => {}
        None => {
            let help = "write `#[columns(table = \"…\")]` above it";
            diagnostics.note(&input.ident, format!("`{}` names no table", input.ident), help);
        }
    }
    let mut skipped = Vec::new();
    for field in fields {
        table.add(field, &mut skipped, diagnostics);
    }
    for tenant in tenants {
        table.map_tenant(&tenant, &skipped, diagnostics);
    }
    Some(table)
}

/// Validates a newtype of a column type.
pub(crate) fn analyze_column_type(input: &DeriveInput, diagnostics: &mut Diagnostics) -> DeclaredColumnType {
    let mut declared = DeclaredColumnType { field: None, root: None };
    for word in words(&input.attrs, "delete it", diagnostics) {
        match &word {
            Expr::Assign(ExprAssign { left, eq_token, right, .. }) if is(left, "crate") => {
                declared.root = parse::read_root(eq_token, right.to_token_stream(), diagnostics);
            }
            other => diagnostics.note(other, "a newtype has no settings", "delete this"),
        }
    }
    let fields = match &input.data {
        Data::Struct(data) => data.fields.iter().collect(),
        Data::Enum(_) | Data::Union(_) => Vec::new(),
    };
    match fields.as_slice() {
        [field] => {
            let member = field.ident.clone().map_or_else(|| syn::Member::from(0), syn::Member::from);
            declared.field = Some((member, field.ty.clone()));
        }
        _ => {
            let help = format!("implement `ColumnType` for `{}` by hand: it states how a value is stored", input.ident);
            diagnostics.note(&input.ident, "only a struct with one field is stored as its field", help);
        }
    }
    declared
}

/// Returns the fields of the struct. Reports another item.
fn named_fields<'a>(input: &'a DeriveInput, diagnostics: &mut Diagnostics) -> Option<&'a Punctuated<Field, Token![,]>> {
    if let Some(parameter) = input.generics.params.first() {
        return diagnostics.report(parameter, "a row of a table cannot be generic", "delete the parameter");
    }
    match &input.data {
        Data::Struct(data) => match &data.fields {
            Fields::Named(fields) if !fields.named.is_empty() => Some(&fields.named),
            _ => {
                let help = "write a struct with a named field for each column";
                diagnostics.report(&input.ident, format!("`{}` has no named fields", input.ident), help)
            }
        },
        Data::Enum(_) | Data::Union(_) => {
            let help = "write a struct with a named field for each column";
            diagnostics.report(&input.ident, format!("`{}` is not a struct", input.ident), help)
        }
    }
}

impl DeclaredTable {
    /// Adds the column of a field.
    fn add(&mut self, field: &Field, skipped: &mut Vec<Ident>, diagnostics: &mut Diagnostics) {
        let Some(ident) = &field.ident else { return };
        let plain = ident.to_string().trim_start_matches("r#").to_owned();
        let (mut name, mut is_skipped) = (plain.clone(), false);
        for word in words(&field.attrs, FIELD_HELP, diagnostics) {
            match &word {
                Expr::Assign(assign) if is(&assign.left, "rename") => match text(&assign.right) {
                    Some(text) if is_name(&text.value()) => name = text.value(),
                    _ => diagnostics.note(&assign.right, "this is not the name of a column", FIELD_HELP),
                },
                Expr::Path(_) if is(&word, "skip") => is_skipped = true,
                other => unknown(other, FIELD_KEYS, FIELD_HELP, diagnostics),
            }
        }
        if is_skipped {
            return skipped.push(ident.clone());
        }
        let constant = Ident::new(&plain.to_uppercase(), ident.span());
        if let Some(other) = self.columns.iter().find(|other| other.name == name) {
            let wrong = format!("`{}` is this column too", other.field);
            diagnostics.note(
                ident,
                wrong,
                "write `#[columns(rename = \"…\")]` or `#[columns(skip)]` above one of the two",
            );
        } else if let Some(other) = self.columns.iter().find(|other| other.constant == constant) {
            let wrong = format!("the constant of `{}` has this name too: `{constant}`", other.field);
            diagnostics.note(
                ident,
                wrong,
                "rename one of the two fields, and write `#[columns(rename = \"…\")]` above it",
            );
        } else {
            let (visibility, of_option) = (field.vis.clone(), option(&field.ty));
            let (kind, is_optional) = (of_option.unwrap_or(&field.ty).clone(), of_option.is_some());
            self.columns.push(DeclaredColumn { field: ident.clone(), visibility, kind, is_optional, name, constant });
        }
    }

    /// Adds a dimension: the name of a tenant, and the field that contains it.
    fn map_tenant(&mut self, word: &Expr, skipped: &[Ident], diagnostics: &mut Diagnostics) {
        let Expr::Assign(ExprAssign { left, right, .. }) = word else {
            let found = parse::one_line(word.to_token_stream());
            return diagnostics.note(word, format!("expected a tenant and its field, found `{found}`"), TENANT_HELP);
        };
        let (Some(dimension), Some(field)) = (ident(left), ident(right)) else {
            let found = parse::one_line(word.to_token_stream());
            return diagnostics.note(word, format!("expected a tenant and its field, found `{found}`"), TENANT_HELP);
        };
        let dimension = dimension.to_string().trim_start_matches("r#").to_owned();
        if self.tenant.iter().any(|(known, _)| *known == dimension) {
            return diagnostics.note(left, format!("the tenant `{dimension}` is repeated"), "delete one of the two");
        }
        match self.columns.iter().find(|column| column.field == field) {
            Some(column) => self.tenant.push((dimension, column.constant.clone())),
            None if skipped.contains(&field) => {
                diagnostics.note(right, format!("the field `{field}` is not a column"), "delete its `skip`");
            }
            None => {
                let names: Vec<_> = self.columns.iter().map(|column| column.field.to_string()).collect();
                let near = did_you_mean(&field.to_string(), names.iter().map(String::as_str));
                diagnostics.note(right, format!("unknown field `{field}`{near}"), TENANT_HELP);
            }
        }
    }
}

/// Returns the words of the helper attributes.
fn words(attributes: &[Attribute], help: &str, diagnostics: &mut Diagnostics) -> Vec<Expr> {
    let mut found = Vec::new();
    for attribute in attributes.iter().filter(|attribute| attribute.path().is_ident(HELPER)) {
        let list = match &attribute.meta {
            syn::Meta::List(list) if !list.tokens.is_empty() => list,
            _ => {
                diagnostics.note(attribute.path(), "this attribute is empty", format!("{help}, or delete it"));
                continue;
            }
        };
        match list.parse_args_with(Punctuated::<Expr, Token![,]>::parse_terminated) {
            Ok(words) => found.extend(words),
            Err(error) => diagnostics.note_at(error.span(), "this cannot be parsed", help),
        }
    }
    found
}

/// Returns the type in an `Option`. A conditional value behind another name is not recognized.
fn option(kind: &Type) -> Option<&Type> {
    match kind {
        Type::Group(group) => option(&group.elem),
        Type::Paren(paren) => option(&paren.elem),
        Type::Path(path) => match path.path.segments.last()? {
            PathSegment { ident, arguments: PathArguments::AngleBracketed(of) } if ident == "Option" => {
                of.args.iter().find_map(|argument| match argument {
                    GenericArgument::Type(kind) => Some(kind),
                    _ => None,
                })
            }
            _ => None,
        },
        _ => None,
    }
}

fn unknown(word: &Expr, keys: [&str; 2], help: &str, diagnostics: &mut Diagnostics) {
    let key = match word {
        Expr::Assign(assign) => &assign.left,
        Expr::Call(call) => &call.func,
        other => other,
    };
    let found = parse::one_line(key.to_token_stream());
    if keys.contains(&found.as_str()) {
        return diagnostics.note(word, format!("`{found}` is not written in this form"), help);
    }
    diagnostics.note(key, format!("unknown key `{found}`{}", did_you_mean(&found, keys)), help);
}

fn is(word: &Expr, key: &str) -> bool {
    word.to_token_stream().to_string() == key
}

fn ident(word: &Expr) -> Option<Ident> {
    match word {
        Expr::Path(path) => path.path.get_ident().cloned(),
        _ => None,
    }
}

fn text(word: &Expr) -> Option<&LitStr> {
    match word {
        Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) if text.suffix().is_empty() => Some(text),
        _ => None,
    }
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && !text.contains('\0')
}

/// Returns the name of the table, by which columns are qualified.
fn checked_table(name: &LitStr, diagnostics: &mut Diagnostics) -> String {
    let text = name.value();
    if !is_name(&text) {
        diagnostics.note(name, "this is not the name of a table", TABLE_HELP);
    } else if let Some((_, table)) = text.rsplit_once('.') {
        let help = format!("write `table = \"{table}\"`, and the schema only in `FROM`");
        diagnostics.note(name, "columns are qualified by the table without its schema", help);
    }
    text
}
