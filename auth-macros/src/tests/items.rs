//! Items under attributes and derives: valid ones, and ones of another shape.

use proc_macro2::TokenStream;

use super::{Random, change, tokens};
use crate::grammar::Kind;

/// Handlers.
#[rustfmt::skip]
const HANDLERS: &[&str] = &[
    "async fn f() {}",
    "pub async fn f() -> &'static str { \"\" }",
    "pub(in crate::x) async fn f(id: u64) -> impl Responder { id }",
    "async fn f(id: web::Path<u64>, posts: web::Data<Posts>, page: Page) -> Result<impl Responder, Failure> { Ok(id) }",
    "async fn f(web::Query(Page { number, mut size }): web::Query<Page>, _: String, (id, _): (u8, u8)) {}",
    "async fn f(Page { a, .. }: Page, [b, c]: [u8; 2], x @ 1: u8, &y: &'static u8) {}",
    "async fn f(#[cfg(a)] id: u8, #[cfg(b)] #[cfg(c)] posts: u8, #[allow(unused)] page: u8) {}",
    "async fn f<S: Store + 'static, const N: usize>(id: web::Data<S>, posts: [u8; N]) -> String where S: Clone { x }",
    "fn f(id: u8) -> impl Future<Output = Result<(), E>> { x }",
    "fn f(id: u8) -> Pin<Box<dyn Future<Output = io::Result<impl X>> + Send>> { x }",
    "fn f() -> (Ready<()>) { x }",
    "async fn r#type(r#in: u8, r#fn: r#struct) {}",
    "async fn ä(名: u8) {}",
    "async fn f(id: fn(&u8) -> &u8, posts: Box<dyn Fn(&u8) + 'static>, page: m!(x), x: <T as U>::V) -> ! { x }",
    "async fn f(id: Authorized<Post, Edit>, x: Loaded<Post>, y: String) {}",
    "async fn f(principal: Principal, caller: Option<Principal>) {}",
    "async fn f(a: A, b: A, c: A, d: A, e: A, f: A, g: A, h: A, i: A, j: A, k: A, l: A, m: A, n: A, o: A, p: A) {}",
];

/// Functions that cannot be handlers, and items that are not functions.
#[rustfmt::skip]
const OTHERS: &[&str] = &[
    "fn f() {}", "fn f() -> u8 { 1 }", "unsafe fn f() {}", "async unsafe fn f() {}", "const fn f() {}", "const async unsafe fn f() {}", "extern fn f() {}", "extern \"C\" fn f() {}", "async extern \"C\" fn f() {}", "safe fn f() {}",
    "async fn f<'a>(id: &'a str, x: Cow<'a, str>) {}", "async fn f<'a: 'b, 'b>(id: X<'a>) {}", "async fn f(id: &str) {}", "async fn f(id: impl X) {}", "async fn f(id: web::Path<&str>) {}", "async fn f(id: X<'_>) {}", "async fn f(id: [&u8; 2]) {}",
    "async fn f(self) {}", "async fn f(&self) {}", "async fn f(&mut self, id: &str) {}", "async fn f(self: Arc<Self>) {}", "async fn f(self: &Self, x: u8) -> Self {}", "async fn f() -> Self {}", "async fn f(x: Self::T) {}",
    "async fn f(mut self: Box<Self>) -> u8 {}", "unsafe extern \"C\" fn f(id: u8, ...) {}", "async fn f(id: u8, ...) {}", "async fn f(id: u8, x: ...) {}", "async fn f(...) {}", "async fn f(_: u8, _: u8) {}", "async fn f(id: u8, id: u8) {}",
    "async fn f(a: A, b: A, c: A, d: A, e: A, f: A, g: A, h: A, i: A, j: A, k: A, l: A, m: A, n: A, o: A, p: A, q: A, r: A, s: A) {}",
    "async fn f(#[cfg(a)] a: A, #[cfg(b)] b: A, #[cfg(c)] c: A, #[cfg(d)] d: A, #[cfg(e)] e: A, #[cfg(f)] g: A) {}", "async fn f(#[cfg] id: u8, #[cfg = 1] x: u8, #[cfg()] y: u8) {}", "async fn f(/// said\n id: u8) {}",
    "async fn f();", "async fn f()", "fn f() = x;", "async fn", "async fn f", "async fn f(id) {}", "async fn f(id: ) {}", "async fn f(A(x) | B(x): u8) {}", "async fn f((A | B): u8) {}", "async fn f(id: u8 = 1) {}", "async fn f(m!(x): u8) {}",
    "async fn f(ref id: u8, ref mut x: u8) {}", "async fn f(const { 1 }: u8, 1..=2: u8) {}", "async fn f(box x: u8) {}", "async fn f<T = u8>() {}", "async fn f<const N: usize = 1>() {}", "async fn f<#[cfg(x)] T>() {}", "async fn f<T>() where {}",
    "async fn f<impl X>() {}", "async fn f() -> impl X<'_> {}", "async fn f(id: dyn X + Y, x: impl X + Y) {}", "async fn f(id: (dyn X)) {}", "async fn f() {} async fn g() {}", "async fn f() {} x", "default async fn f() {}", "gen fn f() {}", "async gen fn f() {}",
    "pub(x) async fn f() {}", "crate async fn f() {}", "async move fn f() {}", "fn async f() {}", "async fn self() {}", "async fn _() {}", "async fn crate() {}", "async fn f::g() {}", "async fn f!() {}", "async fn $f() {}", "async fn 7() {}",
    "async fn f() { #![allow(x)] }", "async fn f(id: DEEP) {}", "async fn f(WITHIN: u8) {}",
    "struct S;", "struct S { x: u8 }", "pub struct S<T>(T);", "enum E {}", "union U { x: u8 }", "mod m { fn f() {} }", "mod m;", "unsafe mod m {}", "impl X for Y { fn f() {} }", "impl X {}", "trait T { fn f(); }", "unsafe trait T {}", "auto trait T {}",
    "const X: u8 = 1;", "const X: fn() = f;", "const _: () = {};", "static X: u8 = 1;", "static mut X: fn() = f;", "type X = u8;", "use x;", "pub use x::{a, b};", "extern crate x;", "extern \"C\" { fn f(); }", "unsafe extern {}", "macro_rules! m { () => {} }",
    "macro m() {}", "m!();", "m! {}", "let x = 1;", "x", "", ";", "{}", "7", "|x| x", "#![x]", "#[x]", "pub", "fn", "const", "let f = async |x| x;", "impl { async fn f() {} }",
];

/// Attributes above the item.
const ABOVE: &[&str] = &[
    "",
    "",
    "#[get(\"/\")]",
    "#[route(\"/x\", method = \"GET\", method = \"PUT\", guard = \"g\", wrap = \"w\")]",
    "#[cfg(x)]",
    "#[allow(dead_code)]",
    "#[expect(x, reason = \"y\")]",
    "#[deny_network(\"10.0.0.0/8\")]",
    "/// said\n",
];

/// Unrelated attributes.
#[rustfmt::skip]
const ODD_ABOVE: &[&str] = &[
    "#[get(7)]", "#[get]", "#[get = \"x\"]", "#[get()]", "#[route]", "#[route(\"/\", method)]", "#[route(\"/\", method =)]", "#[get(b\"/\")]", "#[get(\"/\"x)]", "#[get(\"ä\\u{202e}\\\"\")]", "#[get { \"/\" }]", "#[cfg]", "#[cfg = 1]", "#[cfg()]",
    "#[cfg(x, y)]", "#[cfg(#)]", "#[allow]", "#[allow = 1]", "#[allow()]", "#[expect(7)]", "#[unsafe(no_mangle)]", "#[a::b::c]", "#[r#type]", "#[clippy::x]", "#[clippy]", "#[::x]", "#[doc = m!()]", "/** said */", "#[inline] #[must_use] #[cold]",
    "#[cfg_attr(x, get(\"/\"))]", "#[x::__private::finish(public {})]", "#[x::__private::finish(require_role { \"admin\" })] #[get(\"/\")]", "#[x::__private::finish]", "#[x::__private::finish = 1]", "#[x::__private::finish {}]",
    "#[__private::finish(7)]", "#[finish(public {})]",
];

/// The tokens of an item, with expressions of some depth in it.
fn item(text: &str) -> TokenStream {
    let deep = |open: &str, inner, close: &str| open.repeat(change::DEEP) + inner + &close.repeat(change::DEEP);
    tokens(&text.replace("DEEP", &deep("[", "u8", "]")).replace("WITHIN", &deep("(", "id", ")")))
}

/// Returns the items that are not handlers, and a handler under each of the odd attributes.
pub(super) fn odd() -> impl Iterator<Item = TokenStream> {
    let handlers = ODD_ABOVE.iter().map(|above| item(&format!("{above} async fn f(id: u8) {{}}")));
    OTHERS.iter().map(|other| item(other)).chain(handlers)
}

/// Returns an item with that number of changes.
pub(super) fn function(changes: usize, random: &mut Random) -> TokenStream {
    let kind = if changes == 0 { 2 } else { random.below(4) };
    let (above, on, changes) = match kind {
        0 => (random.pick(ABOVE), random.pick(OTHERS), changes - 1),
        1 => (random.pick(ODD_ABOVE), random.pick(HANDLERS), changes - 1),
        _ => (random.pick(ABOVE), random.pick(HANDLERS), changes),
    };
    change::some(changes, item(&format!("{above} {on}")), random)
}

/// Returns the enum of a vocabulary with that number of changes.
pub(super) fn vocabulary(kind: Kind, changes: usize, random: &mut Random) -> TokenStream {
    let (helper, grants) = (kind.helper(), if kind == Kind::Role { ", grants(Permission::Write)" } else { "" });
    let (related, proven) = match kind {
        // Credentials imply nothing, and nothing proves them.
        Kind::Credential => (
            format!("enum X {{ A, #[{helper}(\"B-x\")] B, C }}"),
            format!("#[{helper}(rename_all = \"snake_case\")] enum X {{ A, #[{helper}(\"b\")] B }}"),
        ),
        _ => (
            format!(
                "enum X {{ #[{helper}(implies(B, C){grants})] A, #[{helper}(\"b:x\", alias(\"d\", \"e\"))] B, C }}"
            ),
            format!(
                "#[{helper}(rename_all = \"snake_case\", proofs = \"proof\")] enum X {{ #[{helper}(implies(B))] A, B }}"
            ),
        ),
    };
    let enums = [
        "pub enum X { Admin, r#Type, HTTPEditor }".to_owned(),
        related,
        proven,
        format!("#[{helper}(strip_prefix = \"ROLE_\", crate = guard)] enum X {{ ROLE_A, /// said\n ROLE_B = 7 }}"),
        format!(
            "#[{helper}(rename_all = \"camelCase\")] #[derive(Debug)] #[repr(u8)] pub(crate) enum X {{ A_B, #[cfg(x)] C }}"
        ),
    ];
    #[rustfmt::skip]
    let odd = [
        "struct X;", "struct X { x: u8 }", "union X { x: u8 }", "enum X {}", "enum X<T> { A(T) }", "enum X<'a, const N: usize> { A }", "enum X { A(u8) }", "enum X { A {} }", "enum X { A() }", "enum X { ä, Ä }", "enum X { _A, __ }", "enum _X { _1 }",
        "enum r#type { r#fn }", "enum X { A = -1, B = m!() }", "enum X where { A }", "enum X { A, A }", "enum X", "fn f() {}", "", "enum X { ROLE_ }", "enum X { #[HELPER] A }", "enum X { #[HELPER = \"a\"] A }", "enum X { #[HELPER()] A }", "enum X { #[HELPER(implies(A))] A }",
        "enum X { #[HELPER(implies(B))] A, #[HELPER(implies(A))] B }", "enum X { #[HELPER(implies(\"B\"))] A, B }", "enum X { #[HELPER(implies())] A }", "enum X { #[HELPER(implies(r#B))] A, B }", "enum X { #[HELPER(grants(P))] A }", "enum X { #[HELPER(grants(<P as Q>::R))] A }",
        "enum X { #[HELPER(alias(7))] A }", "enum X { #[HELPER(\"a\", \"b\")] A }", "enum X { #[HELPER(implies(A), \"b\")] A }", "enum X { #[HELPER(7)] A }", "enum X { #[HELPER(b\"a\")] A }", "enum X { #[HELPER(\"a\"x)] A }", "enum X { #[HELPER(\"\")] A }", "enum X { #[HELPER(\"ä\")] A }",
        "enum X { #[HELPER(rename_all = \"x\")] A }", "#[HELPER(rename_all = \"x\")] enum X { A }", "#[HELPER(rename_all = 7)] enum X { A }", "#[HELPER(rename_all)] enum X { A }", "#[HELPER(strip_prefix = \"\")] enum X { A }", "#[HELPER(strip_prefix = \"A\")] enum X { A }",
        "#[HELPER(strip_prefix = \"r#\")] enum X { r#A }", "#[HELPER(proofs = \"\")] enum X { A }", "#[HELPER(proofs = \"a b\")] enum X { A }", "#[HELPER(proofs = \"7\")] enum X { A }", "#[HELPER(proofs = \"self\")] enum X { A }", "#[HELPER(proofs = \"r#type\")] enum X { A }",
        "#[HELPER(proofs = \"_\")] enum X { A }", "#[HELPER(proofs = \"\\\"\")] enum X { A }", "#[HELPER(proofs = proof)] enum X { A }", "#[HELPER(implies(A))] enum X { A }", "#[HELPER(\"a\")] enum X { A }", "#[HELPER] enum X { A }", "#[HELPER(,)] enum X { A }",
        "#[HELPER(7 = 7)] enum X { A }", "#[HELPER(a::b = 7)] enum X { A }", "#[HELPER(crate = guard, crate = guard)] enum X { A }", "#[HELPER(rename_all = \"lowercase\", rename_all = \"x\")] enum X { A }", "#[HELPER(x) ] #[HELPER(rename_all = \"PascalCase\")] enum X { A }",
        "#[x::HELPER(7)] enum X { A }", "enum X { #[cfg(any())] #[HELPER(implies(B))] A }", "enum X { #[HELPER(#[cfg(any())] \"a\")] A }", "#[HELPER(crate = ROOT)] enum X { A }", "#[HELPER(crate = ROOT)] enum X { A }", "#[HELPER(crate = ROOT)] enum X { A }",
    ];
    if changes > 0 && random.once_in(3) {
        let text = random.pick(&odd).replace("HELPER", helper).replace("ROOT", change::root_text(random));
        return change::some(changes - 1, text.parse().unwrap_or_default(), random);
    }
    change::some(changes, tokens(&enums[random.below(enums.len())]), random)
}
