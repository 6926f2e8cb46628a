//! Tests of the difference between two matrices.

use super::*;

/// Compares the difference of two rules with every state of the world. Reads both from the file.
fn hold_difference((old, before): (&Rule, Meaning), (new, now): (&Rule, Meaning), worlds: &[World]) -> TestCaseResult {
    let (file, matrix) = (matrix(old, before).to_markdown(), matrix(new, now));
    let reviewed = Matrix::from_markdown(&file).expect("what was written is read");
    prop_assert_eq!(&reviewed.words, &vocabulary(before));
    let difference = matrix.since(&reviewed);
    let found = difference.0.iter().find_map(|change| match change {
        Change::Access { gains, loses, .. } => Some((gains.clone(), loses.clone())),
        _ => None,
    });
    let (gains, loses) = found.unwrap_or_default();
    let sides = [(gains, (new, now), (old, before)), (loses, (old, before), (new, now))];
    for (told, (of, words), (other, others)) in sides {
        let changes: Vec<World> =
            worlds.iter().copied().filter(|world| of.holds(*world, words) && !other.holds(*world, others)).collect();
        let ways: Vec<Expr> = told
            .iter()
            .map(|who| who.split(", except ").next().unwrap_or_default())
            .map(|who| if who == "anyone" { Expr::All(vec![]) } else { Expr::read(who).expect("a gain is a rule") })
            .collect();
        for world in &changes {
            let is_told = ways.iter().any(|way| goes(way, *world, words));
            prop_assert!(is_told, "{} to {} in {world:?}: {difference}", old.text(), new.text());
        }
        for (way, who) in ways.iter().zip(&told) {
            let mut those = worlds.iter().filter(|world| goes(way, **world, words));
            prop_assert!(those.clone().all(|world| of.holds(*world, words)), "{who} is not admitted");
            prop_assert!(those.any(|world| !other.holds(*world, others)), "{who} is not a change");
        }
    }
    Ok(())
}

#[test]
fn matrix_diff_reports_exact_access_gains_and_losses() {
    // H11: random rules and vocabularies, and all small ones.
    let worlds = World::all();
    let config = ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() };
    let outcome = TestRunner::new(config).run(&(rule(), meaning(), rule(), meaning()), |(old, before, new, now)| {
        hold_difference((&old, before), (&new, now), &worlds)
    });
    outcome.unwrap();
    let meaning = Meaning { admin_implies_editor: true, editor_grants_write: true };
    let rules = all_rules(&[1, 2, 4, 6]);
    // The worlds that these atoms distinguish.
    let worlds: Vec<_> = worlds
        .into_iter()
        .filter(|world| world.age < 2 && [0, 1, 3].contains(&world.client) && world.owns.is_none())
        .collect();
    for old in &rules {
        for new in &rules {
            hold_difference((old, meaning), (new, meaning), &worlds).unwrap();
        }
    }
}

#[test]
fn matrix_diff_excludes_callers_with_existing_access() {
    let of = |rule: &str| Matrix {
        routes: vec![RouteAccess {
            method: "GET".to_owned(),
            path: "/x".to_owned(),
            rule: rule.to_owned(),
            ..RouteAccess::default()
        }],
        ..Matrix::default()
    };
    #[rustfmt::skip]
    let table = [
        (r#"role("editor") && !network("10.0.0.0/8")"#, r#"role("editor")"#, r#"gains:  role("editor"), except !network("10.0.0.0/8")"#),
        (r#"network("10.1.0.0/16")"#, r#"network("10.0.0.0/8")"#, r#"gains:  network("10.0.0.0/8"), except network("10.1.0.0/16")"#),
        (r#"role("a") && role("b") && role("c")"#, r#"role("a")"#, r#"gains:  role("a"), except role("b") && role("c")"#),
        (r#"role("a")"#, r#"role("a") && role("b")"#, r#"loses:  role("a"), except role("b")"#),
        (r#"role("a")"#, r#"role("b")"#, r#"loses:  role("a")"#),
        ("public", "authenticated", r#"loses:  anyone, except authenticated"#),
    ];
    for (old, new, told) in table {
        let difference = of(new).since(&of(old)).to_string();
        assert!(difference.contains(told), "{difference}");
    }
}

#[test]
fn matrix_diff_lists_gains_and_losses_per_route() {
    let of = |rules: &[(&str, &str)]| {
        let meaning = Meaning { admin_implies_editor: true, editor_grants_write: true };
        let route = |(path, rule): &(&str, &str)| RouteAccess {
            method: "GET".to_owned(),
            path: (*path).to_owned(),
            rule: (*rule).to_owned(),
            ..RouteAccess::default()
        };
        Matrix { routes: rules.iter().map(route).collect(), words: vocabulary(meaning), ..Matrix::default() }
    };
    let before = of(&[
        ("/a", r#"role("admin")"#),
        ("/b", "authenticated"),
        ("/c", "public"),
        ("/d", r#"country("DE") && public"#),
    ]);
    let now = of(&[
        ("/a", r#"permission("write") && !network("10.0.0.0/8")"#),
        ("/b", r#"role("admin") || authenticated"#),
        ("/d", r#"public && country("DE", "FR")"#),
        ("/e", r#"role("editor")"#),
    ]);
    let told = now.since(&before).to_string();
    assert_eq!(
        told,
        r#"GET /a
    gains:  permission("write") && !network("10.0.0.0/8")
    gains:  role("editor") && !network("10.0.0.0/8")
    loses:  role("admin"), except !network("10.0.0.0/8")
GET /b
    was: - `GET /b`: `authenticated`, handler ``
    is:  - `GET /b`: `role("admin") || authenticated`, handler ``
GET /c: removed
GET /d
    gains:  country("DE", "FR"), except country("DE")
GET /e: added
    gains:  role("editor")
"#
    );
}

#[test]
fn matrix_diff_handles_long_hierarchies_and_admits_its_limits() {
    let mut words = DeclaredNames::default();
    let names: Vec<String> = (0..60).map(|number| format!("r{number:02}")).collect();
    let roles = words.0.entry("role".to_owned()).or_default();
    for (at, name) in names.iter().enumerate() {
        let implies = names[at + 1..].iter().cloned().collect();
        roles.insert(name.clone(), DeclaredName { implies, ..DeclaredName::default() });
    }
    let of = |rule: String| {
        let route = RouteAccess { method: "GET".to_owned(), path: "/x".to_owned(), rule, ..RouteAccess::default() };
        Matrix { routes: vec![route], words: words.clone(), ..Matrix::default() }
    };
    let told = |before: &str, now: &str| of(now.to_owned()).since(&of(before.to_owned())).to_string();
    assert_eq!(told(r#"role("r30")"#, r#"role("r40")"#), "GET /x\n    gains:  role(\"r40\")\n");
    assert_eq!(
        told(r#"role("r40") && !role("r10")"#, r#"role("r40")"#),
        "GET /x\n    gains:  role(\"r10\")\n    gains:  role(\"r40\"), except !role(\"r10\")\n"
    );
    let claims =
        |from: u32| (from..from + 20).map(|n| format!("claim(\"c{n}\", \"x\")")).collect::<Vec<_>>().join(" || ");
    assert!(told(&claims(0), &claims(1)).contains("not comparable"));
}

#[test]
fn matrix_diff_reports_lost_route_hiding_with_gains() {
    let of = |rule: &str, not_found| Matrix {
        routes: vec![RouteAccess {
            method: "GET".to_owned(),
            path: "/x".to_owned(),
            rule: rule.to_owned(),
            not_found,
            ..RouteAccess::default()
        }],
        ..Matrix::default()
    };
    let told = of(r#"role("viewer")"#, false).since(&of(r#"role("admin")"#, true)).to_string();
    assert!(
        told.contains("gains:  role(\"viewer\")") && told.contains("was: denials look like an unknown path"),
        "{told}"
    );
}
