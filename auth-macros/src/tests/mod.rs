//! Mutation tests: valid attributes, rules and enums with up to two random changes.
//!
//! # Why
//! The compiler reports a panic of a macro as `custom attribute panicked`, at the attribute and without a reason. A mistake that
//! is reported four times hides the others. Therefore no changed input may cause a panic, each mistake may be reported at most
//! three times, and a valid input must not be reported. Inputs that repeat a mistake four times are not generated.

mod arbitrary;
mod change;
mod items;
mod words;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};

use proc_macro2::{Ident, Span, TokenStream, TokenTree};
use quote::quote;

use crate::expand;
use crate::grammar::{Attribute, Kind};

/// A splitmix64 generator with a fixed seed.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % end as u64).unwrap()
    }

    /// Returns true once in `times` calls on average.
    fn once_in(&mut self, times: usize) -> bool {
        self.below(times) == 0
    }

    fn pick<'a, T: ?Sized>(&mut self, from: &[&'a T]) -> &'a T {
        from[self.below(from.len())]
    }

    /// The number of changes of an input.
    fn changes(&mut self) -> usize {
        [0, 1, 1, 1, 2, 2][self.below(6)]
    }
}

/// A macro of this crate.
#[derive(Clone, Copy, Debug)]
enum Macro {
    Guard(Attribute),
    Finish,
    Rule,
    Derive(Kind),
}

const DERIVES: [Kind; 4] = Kind::ALL;

/// The input of a macro.
struct Input {
    called: Macro,
    words: TokenStream,
    item: TokenStream,
    changes: usize,
}

impl Input {
    fn expand(&self) -> TokenStream {
        let (words, item) = (self.words.clone(), self.item.clone());
        match self.called {
            Macro::Guard(attribute) => expand::forward(attribute, words, item),
            Macro::Finish => expand::finish(words, item),
            Macro::Rule => expand::rule(words),
            Macro::Derive(kind) => expand::vocabulary(kind, item),
        }
    }

    fn text(&self) -> String {
        format!("{:?} [{}] on: {}", self.called, self.words, self.item)
    }
}

/// Returns the tokens of a text of this crate's tests.
fn tokens(text: &str) -> TokenStream {
    text.parse().unwrap_or_else(|_| panic!("not valid tokens: {text}"))
}

/// Returns the words of an attribute and the item below it, with that number of changes in both together.
fn guarded(attribute: Attribute, changes: usize, random: &mut Random) -> (TokenStream, TokenStream) {
    let in_item = if random.once_in(3) { random.below(changes + 1) } else { 0 };
    let words = change::some(changes - in_item, words::valid(attribute, random), random);
    (words, items::function(in_item, random))
}

/// Returns whether another attribute has to state whether anonymous callers are admitted.
fn is_about_address(attribute: Attribute) -> bool {
    use Attribute::{DenyCountry, DenyNetwork, RequireCountry, RequireNetwork};
    matches!(attribute, RequireNetwork | DenyNetwork | RequireCountry | DenyCountry)
}

/// Returns the words as an attribute forwards them, beside those of another one.
fn forwarded(attribute: Attribute, words: &TokenStream, random: &mut Random) -> TokenStream {
    let name = Ident::new(attribute.word(), Span::call_site());
    match random.below(3) {
        _ if is_about_address(attribute) => quote!(#name { #words } public {}),
        0 => quote!(#name { #words } deny_network { "203.0.113.0/24" }),
        _ => quote!(#name { #words }),
    }
}

/// Returns the inputs of one round: each attribute on its own and as forwarded words, rules, and each derive.
fn round(random: &mut Random) -> Vec<Input> {
    let mut inputs = Vec::new();
    for attribute in Attribute::ALL {
        let changes = random.changes();
        let (words, item) = guarded(attribute, changes, random);
        let item = if is_about_address(attribute) { quote!(#[require_auth] #item) } else { item };
        inputs.push(Input { called: Macro::Guard(attribute), words, item, changes });
        let changes = random.changes();
        let (words, item) = guarded(attribute, changes, random);
        inputs.push(Input { called: Macro::Finish, words: forwarded(attribute, &words, random), item, changes });
    }
    for _ in 0..3 {
        let changes = random.changes();
        let words = change::some(changes, words::valid_rule(random), random);
        inputs.push(Input { called: Macro::Rule, words, item: TokenStream::new(), changes });
    }
    for kind in DERIVES {
        let changes = random.changes();
        let item = items::vocabulary(kind, changes, random);
        inputs.push(Input { called: Macro::Derive(kind), words: TokenStream::new(), item, changes });
    }
    inputs
}

/// Returns each value of `crate = …` in each macro, each odd item under two attributes, and regressions.
fn tables() -> Vec<Input> {
    let mut inputs = Vec::new();
    let mut add = |called, words, item, changes| inputs.push(Input { called, words, item, changes });
    let nothing = TokenStream::new;
    for root in change::roots() {
        let plain = quote!(
            async fn f(id: u8) {}
        );
        add(Macro::Guard(Attribute::RequireRole), quote!("admin", crate = #root), plain.clone(), 1);
        add(Macro::Guard(Attribute::Public), quote!(crate = #root), quote!(#[get("/")] #plain), 1);
        add(
            Macro::Guard(Attribute::Public),
            quote!(crate = #root),
            quote!(
                #[get("/")]
                async unsafe fn f() {}
            ),
            2,
        );
        add(Macro::Finish, quote!(require_auth { crate = #root } require_scope { "a", crate = guard }), plain, 1);
        add(Macro::Rule, quote!(authenticated, crate = #root), nothing(), 1);
        for kind in DERIVES {
            let helper = Ident::new(kind.helper(), Span::call_site());
            add(Macro::Derive(kind), nothing(), quote!(#[#helper(crate = #root)] enum X { A }), 1);
        }
    }
    for item in items::odd() {
        add(Macro::Guard(Attribute::Public), nothing(), item.clone(), 1);
        add(Macro::Finish, quote!(require_role { any("admin", Role::Editor) }), item, 1);
    }
    for (attribute, words) in [
        (Attribute::RequireRole, "any, (\"admin\", \"editor\") not_found"),
        (Attribute::RequireRole, "\"admin\", in = , org not_found"),
        (Attribute::RequireScope, "\"admin\", redundant #[cfg(any())] = \"kept\""),
    ] {
        add(
            Macro::Guard(attribute),
            tokens(words),
            quote!(
                async fn f() {}
            ),
            1,
        );
    }
    inputs
}

/// Returns the texts of the errors in the code.
fn errors(code: TokenStream) -> Vec<String> {
    let code: Vec<_> = code.into_iter().collect();
    let error = |three: &[TokenTree]| match three {
        [TokenTree::Ident(word), TokenTree::Punct(_), TokenTree::Group(text)] if word == "compile_error" => {
            Some(text.stream().to_string())
        }
        _ => None,
    };
    let mut all: Vec<_> = code.windows(3).filter_map(error).collect();
    for token in code {
        if let TokenTree::Group(group) = token {
            all.extend(errors(group.stream()));
        }
    }
    all
}

thread_local! {
    /// The location of the last panic.
    static PANIC_LOCATION: RefCell<String> = RefCell::default();
}

/// The thread whose panics are recorded and not printed.
const THREAD: &str = "inputs";

/// Records the locations of panics, which their payloads do not contain.
fn record_panic_locations() {
    let before = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        if std::thread::current().name() == Some(THREAD) {
            PANIC_LOCATION.set(panic.location().map(ToString::to_string).unwrap_or_default());
        } else {
            before(panic);
        }
    }));
}

/// Returns the fault of the expansion of an input.
fn fault(input: &Input) -> Option<String> {
    match catch_unwind(AssertUnwindSafe(|| input.expand())) {
        Ok(code) => {
            let errors = errors(code);
            let is_one = errors.len() > 3 * input.changes;
            is_one.then(|| format!("{} errors for {} changes: {}", errors.len(), input.changes, errors.join(" / ")))
        }
        Err(panic) => {
            let text = panic.downcast_ref::<String>().cloned();
            let text = text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()));
            Some(format!("panic at {}: {}", PANIC_LOCATION.take(), text.unwrap_or_default()))
        }
    }
}

/// Returns the number of inputs, and the faults with the shortest input of each.
fn faults() -> (usize, BTreeMap<String, String>) {
    const ROUNDS: usize = 100;
    let (mut random, mut faults, mut count) = (Random(1), BTreeMap::<String, String>::new(), 0);
    for input in tables().into_iter().chain((0..ROUNDS).flat_map(|_| round(&mut random))) {
        count += 1;
        if let Some(fault) = fault(&input) {
            let (text, shown) = (input.text(), faults.entry(fault).or_default());
            if shown.is_empty() || text.len() < shown.len() {
                *shown = text;
            }
        }
    }
    (count, faults)
}

#[test]
fn mutations_cause_no_panic_and_few_errors() {
    record_panic_locations();
    // The stack has the size of the compiler's.
    let thread = std::thread::Builder::new().name(THREAD.to_owned()).stack_size(8 << 20).spawn(faults);
    let (count, faults) = thread.unwrap().join().unwrap();
    assert!(count > 2_000, "{count} inputs");
    let faults: Vec<_> = faults.iter().map(|(fault, input)| format!("{fault}\n    {input}")).collect();
    assert!(faults.is_empty(), "{} faults in {count} inputs:\n{}", faults.len(), faults.join("\n"));
}
