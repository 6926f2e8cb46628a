//! Tests of the file of a matrix, and of rules that are read from it.

use super::*;

#[test]
fn malformed_matrix_file_is_rejected() {
    let meaning = Meaning { admin_implies_editor: true, editor_grants_write: true };
    let mut matrix = matrix(&Rule::Literal(1, false), meaning);
    matrix.routes[0].notes = vec!["route guards: 2".to_owned()];
    matrix.routes[0].any_object = Some("all may".to_owned());
    matrix.routes[0].any_token = Some("it shows nothing".to_owned());
    matrix.sources = vec![r#"Bearer from issuer "https://id.example", confers roles "a"; scopes "b""#.to_owned()];
    matrix.unguarded = vec!["why (src/main.rs)".to_owned()];
    let file = matrix.to_markdown();
    assert_eq!(Matrix::from_markdown(&file).map(|read| read.since(&matrix)), Some(Difference::default()));
    assert_eq!(matrix.since(&Matrix::from_markdown(&file).unwrap()), Difference::default());
    for (from, to) in
        [("- `GET", "`GET"), (": `", " to `"), ("## Routes", "## Paths"), ("- role `admin`", "- role admin")]
    {
        assert!(file.contains(from), "{from}");
        assert_eq!(Matrix::from_markdown(&file.replace(from, to)), None, "{to}");
    }
    let other = file.replace(r#"role("admin")`, handler"#, r#"role("admin`, handler"#);
    let difference = matrix.since(&Matrix::from_markdown(&other).unwrap());
    assert_eq!(difference.0, [Change::CannotTell("GET /x".to_owned())], "a rule that cannot be read is not guessed");
}

#[test]
fn matrix_markdown_round_trips_arbitrary_rules_and_reasons() {
    let check = prop_oneof![
        Just(r##"check(f(')') || g('(', "\")", r#"")"#) && 'a' != b)"##.to_owned()),
        Just("check(sql(*id, \"select 1\n from `posts`\"))".to_owned()),
        Just(r#"check_for_anyone(kind == "principal")"#.to_owned()),
        Just("check(own::<'a>(&x) && '\\'' == y)".to_owned()),
    ];
    let text = || "(?s).{0,24}";
    let strategy = (text(), text(), text(), check);
    let names = |value: &str| [format!("n{value}"), format!("{value}` implies `x"), "\u{202e}x".to_owned()].into();
    let config = ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() };
    let outcome = TestRunner::new(config).run(&strategy, |(value, reason, note, check)| {
        let claim = Expr::Literal(ExprLiteral {
            fact: Fact::Claim("team".to_owned(), serde_json::Value::from(value).to_string()),
            negated: false,
        });
        let rule = format!("({claim} || {check}) && role(\"admin\")");
        let read = Expr::read(&rule);
        prop_assert!(read.is_some(), "{rule}");
        prop_assert_eq!(Expr::read(&read.unwrap().to_string()), Expr::read(&rule), "{}", rule);
        let route = RouteAccess {
            method: "GET".to_owned(),
            path: "/x/{y:[^`]+}".to_owned(),
            rule,
            any_object: Some(reason.clone()),
            any_token: Some(reason.clone()),
            notes: vec![note.clone()],
            ..RouteAccess::default()
        };
        let mut matrix = Matrix {
            routes: vec![route],
            unguarded: vec![reason.clone()],
            switches: vec![note.clone()],
            ..Matrix::default()
        };
        let word = DeclaredName { aliases: names(&note), implies: names(&reason), grants: names("") };
        matrix.words.0.entry("role".to_owned()).or_default().insert(format!("r{reason}`"), word);
        let file = matrix.to_markdown();
        prop_assert!(!file.chars().any(|letter| letter != '\n' && super::markdown::is_unseen(letter)), "{file}");
        let read = Matrix::from_markdown(&file);
        prop_assert!(read.as_ref().is_some_and(|read| read.routes.len() == 1), "{file}");
        let read = read.unwrap();
        prop_assert_eq!(&read.routes[0].rule, &matrix.routes[0].rule);
        prop_assert_eq!(&read.words, &matrix.words, "{}", file);
        prop_assert!(!read.routes[0].public && !read.routes[0].not_found, "{file}");
        prop_assert_eq!(matrix.since(&read), Difference::default(), "{}", file);
        prop_assert_eq!(read.to_markdown(), file);
        Ok(())
    });
    outcome.unwrap();
}

#[test]
fn compiled_rule_equals_its_parsed_text() {
    use crate::identity::scheme_id::SchemeId;
    use crate::policy::atom::{Acr, Atom, Authenticated, ByScheme, Check, Claim, ClaimValue, Direct, MaxAge};
    use crate::policy::rule::{Formula, Literal};
    let literal = |atom, text| Formula::Literal(Literal { atom, negated: false, text });
    let check = |names_principal, text| {
        literal(Atom::Check(Check { index: 0, names_principal, object: None, any_token: false }), text)
    };
    let claim = |value| literal(Atom::Claim(Claim { name: "/a/b \"c\"", value }), "claim");
    let schemes = SchemeId::BUILT_IN.map(|scheme| literal(Atom::Scheme(ByScheme(scheme)), "scheme"));
    let others = [
        literal(Atom::Authenticated(Authenticated), "authenticated"),
        literal(Atom::MaxAge(MaxAge { seconds: 300 }), "max_age"),
        literal(Atom::Acr(Acr { value: "urn:\"a\"" }), "acr"),
        literal(Atom::Direct(Direct), "direct"),
        claim(ClaimValue::Text("x")),
        claim(ClaimValue::Bool(true)),
        claim(ClaimValue::Integer(-1)),
        check(true, "check(post.author == principal.id())"),
        check(false, "check(is_open(\")\"))"),
        check(true, "authorized(Post, Edit)"),
        Formula::Literal(Literal {
            atom: Atom::Check(Check { index: 0, names_principal: true, object: None, any_token: false }),
            negated: true,
            text: "!check(a)",
        }),
    ];
    for formula in schemes.iter().chain(&others) {
        let text = formula.to_string();
        assert_eq!(Expr::read(&text).as_ref(), Some(&Expr::of(formula)), "{text}");
        assert_eq!(Expr::of(formula).to_string(), text);
    }
    assert_eq!(check(false, "check(a)").to_string(), "check_for_anyone(a)");
    assert_eq!(literal(Atom::Scheme(ByScheme(SchemeId::ApiKey)), "").to_string(), "scheme(\"api-key\")");
}
