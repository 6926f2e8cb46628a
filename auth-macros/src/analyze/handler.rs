//! Validation of signatures. Functions that the web framework does not accept are reported here. The compiler would otherwise
//! report errors in generated code.

use proc_macro2::Span;
use syn::spanned::Spanned as _;
use syn::{FnArg, GenericArgument, PathArguments, ReturnType, Safety, Type, TypeParamBound};

use crate::diagnostics::Diagnostics;
use crate::dialect::DIALECT;
use crate::parse::{Function, Parameter};

/// The maximum number of arguments with a `cfg` of their own. Each doubles the generated code.
const MAX_CONDITIONAL_ARGUMENTS: usize = 4;

/// Reports an item that is not a function.
pub(crate) fn report_other_item(what: &str, at: Span, diagnostics: &mut Diagnostics) {
    let wrong = format!("a rule is written above a handler, and this is {what}");
    diagnostics.note_at(at, wrong, "write the attribute above an `async fn`");
}

/// Reports a function that cannot be a handler.
pub(crate) fn check_function(function: &Function, diagnostics: &mut Diagnostics) {
    let signature = &function.signature;
    if let Some(receiver) = signature.inputs.iter().find(|argument| matches!(argument, FnArg::Receiver(_))) {
        let help = format!("write a free function, and take `{}`", DIALECT.state_example);
        return diagnostics.note(receiver, "a handler has no `self`", help);
    }
    if function.is_associated_function() {
        let wrong = "a handler cannot be an associated function";
        return diagnostics.note(&signature.ident, wrong, "write a free function");
    }
    let words = [
        (signature.constness.map(|word| word.span()), "const"),
        (matches!(signature.safety, Safety::Unsafe(_)).then(|| signature.safety.span()), "unsafe"),
        (signature.abi.as_ref().map(|abi| abi.span()), "extern"),
    ];
    for (at, word) in words {
        if let Some(at) = at {
            diagnostics.note_at(at, format!("a handler is not `{word}`"), format!("delete `{word}`"));
        }
    }
    let has_lifetimes = signature.generics.lifetimes().next().is_some();
    for lifetime in signature.generics.lifetimes() {
        let wrong = "a handler cannot have lifetimes: its arguments are owned";
        diagnostics.note(lifetime, wrong, "take owned types, such as `String`");
    }
    if let Some(variadic) = signature.variadic.as_ref().filter(|_| signature.abi.is_none()) {
        diagnostics.note(variadic, "a handler has a fixed number of arguments", "delete this");
    }
    for argument in &signature.inputs {
        // If a lifetime parameter is reported, its uses are not.
        if let FnArg::Typed(argument) = argument
            && !has_lifetimes
        {
            check_type(&argument.ty, diagnostics);
        }
    }
    if let Some(extra) = signature.inputs.iter().nth(DIALECT.max_arguments) {
        let wrong = format!("a handler has at most {} arguments", DIALECT.max_arguments);
        diagnostics.note(extra, wrong, "combine some of them in an extractor of your own");
    }
    let parameters = function.parameters();
    for hidden in parameters.iter().filter_map(Parameter::hidden_condition) {
        let wrong = "expected `#[cfg(…)]` above this argument, found one within `cfg_attr`";
        diagnostics.note(hidden, wrong, "write one `#[cfg(all(…))]` of both conditions");
    }
    let mut conditional = parameters.iter().filter(|parameter| parameter.condition().is_some());
    if let Some(extra) = conditional.nth(MAX_CONDITIONAL_ARGUMENTS) {
        let wrong = format!("more than {MAX_CONDITIONAL_ARGUMENTS} arguments have a `cfg`");
        diagnostics.note(&extra.pattern, wrong, "put the `cfg` on the handler, and write it twice");
    }
    let is_plain = signature.constness.is_none() && signature.abi.is_none();
    if signature.asyncness.is_none() && !returns_future(&signature.output) && is_plain {
        let wrong = "this handler is not async, and its return type is not written as a future";
        let help = "write `async fn`, or the future itself, such as `impl Future<Output = …>`";
        diagnostics.note(signature.fn_token, wrong, help);
    }
}

fn returns_future(output: &ReturnType) -> bool {
    const FUTURES: [&str; 6] = ["Future", "Pin", "BoxFuture", "LocalBoxFuture", "Ready", "IntoFuture"];
    fn named(path: &syn::Path) -> bool {
        path.segments.last().is_some_and(|segment| FUTURES.iter().any(|name| segment.ident == name))
    }
    match output {
        ReturnType::Type(_, kind) => match ungrouped(kind) {
            Type::Path(path) => named(&path.path),
            Type::ImplTrait(bounds) => {
                bounds.bounds.iter().any(|bound| matches!(bound, TypeParamBound::Trait(one) if named(&one.path)))
            }
            _ => false,
        },
        ReturnType::Default => false,
    }
}

fn ungrouped(mut kind: &Type) -> &Type {
    loop {
        kind = match kind {
            Type::Group(group) => &group.elem,
            Type::Paren(paren) => &paren.elem,
            other => return other,
        };
    }
}

/// Reports borrowed and `impl Trait` arguments. References within `fn(…)` and `dyn` are not borrowed from the request.
fn check_type(kind: &Type, diagnostics: &mut Diagnostics) {
    let own = || format!("take an owned type, such as `String` or `{}`", DIALECT.state_example);
    match kind {
        Type::Reference(reference) if reference.lifetime.as_ref().is_none_or(|lifetime| lifetime.ident != "static") => {
            diagnostics.note(reference, "arguments of handlers are owned, and this one is borrowed", own());
        }
        Type::Reference(reference) => check_type(&reference.elem, diagnostics),
        Type::ImplTrait(bounds) => {
            diagnostics.note(bounds, "a handler cannot be registered with an `impl Trait` argument", "name the type");
        }
        Type::Array(array) => check_type(&array.elem, diagnostics),
        Type::Slice(slice) => check_type(&slice.elem, diagnostics),
        Type::Group(group) => check_type(&group.elem, diagnostics),
        Type::Paren(paren) => check_type(&paren.elem, diagnostics),
        Type::Tuple(tuple) => tuple.elems.iter().for_each(|part| check_type(part, diagnostics)),
        Type::Path(path) => {
            for segment in &path.path.segments {
                let PathArguments::AngleBracketed(arguments) = &segment.arguments else { continue };
                for argument in &arguments.args {
                    match argument {
                        GenericArgument::Type(inner) => check_type(inner, diagnostics),
                        GenericArgument::Lifetime(lifetime) if lifetime.ident != "static" => {
                            diagnostics.note(
                                lifetime,
                                "arguments of handlers are owned, and this one is borrowed",
                                own(),
                            );
                        }
                        _ => {}
                    }
                }
            }
        }
        _ => {}
    }
}
