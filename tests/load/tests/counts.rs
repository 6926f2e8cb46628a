//! What can be counted of what a guard costs: allocations, and how often a token is verified. The goals
//! are numbered where they are counted. More than here is a change that somebody has to want; less is a line to correct.

use auth_load::Outcome;
use auth_load::case::{Case, Who};
use auth_load::meter::{self, Tally};

#[global_allocator]
static ALLOCATOR: meter::Counting = meter::Counting;

/// What one request takes, once all that is made once is there.
fn tally(who: Who, case: &str) -> Outcome<Tally> {
    let subject = Case::named(case)?.subject(who)?.ok_or("there is nothing to measure")?;
    let run = || -> Outcome<Tally> {
        let mut tally = Tally::default();
        subject.run(&mut |work| tally = meter::counted(work))?;
        Ok(tally)
    };
    for _ in 0..8 {
        run()?;
    }
    let tally = run()?;
    assert_eq!(tally, run()?, "{case}: two requests take the same");
    Ok(tally)
}

/// Allocations beyond those of the bare handler. The signature takes none, so goals over both are goals over this.
///
/// A route of actix keeps the methods of its resource for an answer that is not needed here, which takes three; ours in a scope
/// does not. So what the guard takes by itself is three more than this, but for the cases with `app_data`.
fn over_bare(case: &str) -> Outcome<i64> {
    let allocations = |who| Ok::<_, Box<dyn std::error::Error>>(i64::try_from(tally(who, case)?.allocations)?);
    Ok(allocations(Who::Guarded)? - allocations(Who::Bare)?)
}

fn assert_all(table: &[(&str, i64)]) -> Outcome<()> {
    let found = table.iter().map(|(case, _)| Ok((*case, over_bare(case)?))).collect::<Outcome<Vec<_>>>()?;
    assert_eq!(found, table);
    Ok(())
}

#[test]
fn the_signature_alone_takes_nothing() -> Outcome<()> {
    for case in ["call/HS256", "call/RS256", "call/ES256", "call/EdDSA", "roles/1000"] {
        assert_eq!(tally(Who::Raw, case)?, Tally::default(), "{case}");
    }
    Ok(())
}

#[test]
fn what_a_request_takes_is_the_same_for_all_algorithms() -> Outcome<()> {
    // Goal 2 is 5: the claims, the principal, its place among the extensions, and in a scope the table of these.
    assert_all(&[
        ("call/HS256", 1),
        ("call/HS256 principal", 1),
        ("call/HS256 app_data", 3),
        ("call/RS256", 1),
        ("call/RS256 principal", 1),
        ("call/ES256", 1),
        ("call/ES256 principal", 1),
        ("call/EdDSA", 1),
        ("call/EdDSA principal", 1),
    ])
}

#[test]
fn a_token_that_is_remembered_takes_nothing_but_its_place_among_the_extensions() -> Outcome<()> {
    // Goals 3 and 4: none without a principal, 2 with one, whatever the algorithm and however many roles there are.
    assert_all(&[
        ("remembered/HS256", -1),
        ("remembered/HS256 principal", -1),
        ("remembered/RS256", -1),
        ("remembered/RS256 principal", -1),
        ("remembered/ES256", -1),
        ("remembered/ES256 principal", -1),
        ("remembered/EdDSA", -1),
        ("remembered/EdDSA principal", -1),
        ("remembered/app_data", 1),
        ("remembered/attributes/4 kinds", -1),
        ("remembered/roles/1000", -1),
    ])
}

#[test]
fn a_token_that_is_remembered_is_verified_by_nobody() -> Outcome<()> {
    for (case, verifications) in [("remembered/RS256", 0), ("remembered/tokens/1000", 0), ("call/RS256", 1)] {
        let token = Case::named(case)?.token()?;
        let claims = token.split('.').nth(1).ok_or("no token")?;
        meter::watch(base64::decoded_len_estimate(claims.len()));
        assert_eq!(tally(Who::Guarded, case)?.watched, verifications, "{case}");
    }
    Ok(())
}

#[test]
fn a_handler_that_reads_nobody_takes_nothing() -> Outcome<()> {
    assert_all(&[("public/token", -3)])
}

#[test]
fn a_further_attribute_takes_nothing() -> Outcome<()> {
    // Goal 5.
    let one = over_bare("attributes/1")?;
    assert_all(&[
        ("attributes/2", one),
        ("attributes/4", one),
        ("attributes/4 kinds", one),
        ("attributes/1 and its scope's", one),
        ("attributes/1 and two scopes'", one),
    ])
}

#[test]
fn a_token_is_verified_once_for_all_rules_of_one_auth() -> Outcome<()> {
    // Goal 5. Each verification decodes the claims into memory of its own, whose size nothing else here has.
    for (case, verifications) in [
        ("call/HS256", 1),
        ("call/HS256 principal", 1),
        ("attributes/4", 1),
        ("attributes/4 kinds", 1),
        ("attributes/1 and its scope's", 1),
        ("attributes/1 and two scopes'", 1),
        ("attributes/1 and two scopes' of two Auths", 2), // each has keys of its own
        ("public/token", 0),
        ("deny/wrong role", 1),
    ] {
        let token = Case::named(case)?.token()?;
        let claims = token.split('.').nth(1).ok_or("no token")?;
        meter::watch(base64::decoded_len_estimate(claims.len()));
        assert_eq!(tally(Who::Bare, case)?.watched, 0, "{case}: nothing else has that size");
        assert_eq!(tally(Who::Guarded, case)?.watched, verifications, "{case}");
    }
    Ok(())
}

#[test]
fn the_number_of_roles_in_a_token_makes_no_difference() -> Outcome<()> {
    // Goal 6.
    let one = over_bare("roles/1")?;
    assert_all(&[("roles/10", one), ("roles/100", one), ("roles/1000", one)])
}

#[test]
fn a_vocabulary_of_more_than_128_names_takes_one_more() -> Outcome<()> {
    let few = over_bare("vocabulary/1")?;
    assert_all(&[("vocabulary/1000", few + 1), ("vocabulary/1000 roles/1000", few + 1)])
}

#[test]
fn the_number_of_routes_makes_no_difference() -> Outcome<()> {
    // Goal 6.
    let one = over_bare("routes/1")?;
    assert_all(&[("routes/10", one), ("routes/1000", one)])
}

#[test]
fn what_a_refusal_takes() -> Outcome<()> {
    // Goal 7 is 6 for a request without a token: the literals that failed, and the error. Challenges and bodies are written once for
    // all, and that of the bare handler's answer is not made.
    assert_all(&[
        ("deny/no token", -2),
        ("deny/no token app_data", 1),
        ("deny/garbage", -3),
        ("deny/malformed", -3),
        ("deny/oversized", -3),
        ("deny/expired", -1),
        ("deny/wrong role", 2), // the identity, which goes to the log
        ("deny/bad signature", -3),
        ("deny/bad signature RS256", -3),
        ("deny/bad signature ES256", -3),
        ("public/no token principal", 0), // a whole refusal, of which `Option` makes `None`
    ])
}
