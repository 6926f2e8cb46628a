//! What compiles, and what does not and how that reads.

#[test]
fn legal_handlers_compile() {
    let cases = trybuild::TestCases::new();
    cases.pass("ui/pass/**/*.rs");
}

#[test]
fn misuse_does_not_compile_and_says_what_to_write() {
    let cases = trybuild::TestCases::new();
    cases.compile_fail("ui/fail/**/*.rs");
}
