//! The paths of generated code: absolute, and below the crate that the user names.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, quote};
use syn::Attribute;

use crate::dialect::DIALECT;
use crate::parse;

/// The module of the facade that only generated code uses.
const PRIVATE: &str = "__private";

/// The last guard attribute. It is recognized by its name, which users do not write.
const FINISH: &str = "finish";

/// The path of the facade in the user's crate.
pub(super) struct Root(TokenStream);

impl Default for Root {
    fn default() -> Self {
        let facade = Ident::new(DIALECT.facade, Span::call_site());
        Self(quote!(::#facade))
    }
}

impl Root {
    /// Returns the first path that the user wrote (`crate = …`), or the usual one.
    pub(super) fn first_of<'a>(mut written: impl Iterator<Item = &'a Option<syn::Path>>) -> Self {
        let path = written.find_map(Option::as_ref);
        path.map_or_else(Self::default, |path| Self(quote!(#path)))
    }

    /// Returns the path in the words of one attribute, before they are parsed.
    pub(super) fn of_attribute(words: &TokenStream) -> Self {
        Self::first_of([&parse::find_root(words)].into_iter())
    }
}

/// A path below the private module.
#[derive(Clone, Copy)]
pub(super) struct PrivatePath<'a> {
    root: &'a Root,
    path: &'static str,
}

impl ToTokens for PrivatePath<'_> {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        self.root.0.to_tokens(tokens);
        for segment in std::iter::once(PRIVATE).chain(self.path.split("::")) {
            let segment = Ident::new(segment, Span::call_site());
            tokens.extend(quote!(::#segment));
        }
    }
}

impl PrivatePath<'_> {
    /// Returns the path with one span, so that rustc reports a panic in the function at that place.
    pub(super) fn respanned(self, at: Span) -> TokenStream {
        let respanned = self.to_token_stream().into_iter().map(|mut token| {
            token.set_span(token.span().located_at(at).resolved_at(at));
            token
        });
        respanned.collect()
    }
}

macro_rules! paths {
    ($($field:ident: $path:expr,)*) => {
        /// The paths below the private module.
        #[derive(Clone, Copy)]
        pub(super) struct Paths<'a> {
            $(pub(super) $field: PrivatePath<'a>,)*
        }

        impl<'a> Paths<'a> {
            pub(super) fn new(root: &'a Root) -> Self {
                Self { $($field: PrivatePath { root, path: $path },)* }
            }
        }
    };
}

paths! {
    // Attributes and handlers.
    finish: FINISH,
    guard: "Guard",
    guarded: "Guarded",
    phases: "Phases",
    proven: "Proven",
    pattern: "Pattern",
    // Rules.
    rule: "Rule",
    rule_target: "RuleTarget",
    refusing: "REFUSING",
    compiled_formula: "CompiledFormula",
    arg_requirement: "ArgRequirement",
    with_conjuncts: "with_conjuncts",
    conjuncts: "conjuncts",
    count_conjuncts: "count_conjuncts",
    rule_properties: "RuleProperties",
    formula: "Formula",
    literal: "Literal",
    atom: "Atom",
    // The module of the types of atoms.
    atoms: "atom",
    scheme: "scheme",
    country: "country",
    ipv4: "ipv4",
    ipv6: "ipv6",
    object_action: "object_action",
    object_action_at: "object_action_at",
    // Names of a vocabulary in a rule.
    roles: "roles",
    permissions: "permissions",
    scopes: "scopes",
    credentials: "credentials",
    // Const checks of a rule.
    check_name: "check_name",
    check_negated: "check_negated",
    check_country: "check_country",
    check_scheme: "check_scheme",
    check_possible: "check_possible",
    check_any: "check_any",
    check_all: "check_all",
    check_object_tenant: "check_object_tenant",
    check_anonymous_object: "check_anonymous_object",
    part: "Part",
    // Requirements of arguments.
    no_caller_access: "CallerAccess::Nothing",
    probe: "Probe",
    needs_nothing: "NeedsNothing",
    check_argument: "check_argument",
    check_optional: "check_optional",
    check_hidden_body: "check_hidden_body",
    // Checks that run in a request.
    request: DIALECT.request,
    payload: DIALECT.payload,
    error: DIALECT.error,
    fails: "Fails",
    principal: "Principal",
    run_checks: "checked",
    checked_future: "CheckedFuture",
    run_check: "answer",
    check_answer: "CheckOutcome",
    verdict: "Verdict",
    fill_slot: "fill",
    // Vocabularies.
    vocabulary: "Vocabulary",
    declares: "Declares",
    role_set: "RoleSet",
    permission_set: "PermissionSet",
    scope_set: "ScopeSet",
    credential_set: "CredentialSet",
    kind: "NameKind",
    unknown_name: "UnknownName",
    serde: "serde",
    name_index: "NameIndex",
    first_buckets: "first",
    next_entries: "next",
    proof: "Proof",
    implies: "Implies",
    name: "Name",
    // Actions.
    action: "Action",
    required: "Required",
    // Columns of tables.
    columns: "Columns",
    column: "Column",
    table_column: "TableColumn",
    make_column: "column",
    field_value: "field_value",
    column_type: "ColumnType",
}

/// Returns whether an attribute is the last guard attribute.
pub(super) fn is_finish(attribute: &Attribute) -> bool {
    let mut segments = attribute.path().segments.iter().rev();
    let last_two = (segments.next(), segments.next());
    matches!(last_two, (Some(last), Some(before)) if last.ident == FINISH && before.ident == PRIVATE)
}
