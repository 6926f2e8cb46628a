//! Tests of the countable cost of a guard: allocations, and the number of token verifications. Numbered goals are cited where they
//! are counted. An increase must be intended, and after a decrease the number is updated.

use auth_load::Outcome;
use auth_load::case::{Case, Who};
use auth_load::meter::{self, Tally};

#[global_allocator]
static ALLOCATOR: meter::Counting = meter::Counting;

/// Returns the allocations of one request after one-time initialization.
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
    assert_eq!(tally, run()?, "{case}: both requests make the same number of allocations");
    Ok(tally)
}

/// Returns the allocations in excess of the bare handler. Signature verification makes none, so this is also the excess over both.
///
/// A route of actix stores the methods of its resource for a 405 response, which takes three allocations. A route in a scope of
/// auth-actix does not. The guard itself therefore makes three more than this number, except in the cases with `app_data`.
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
fn signature_verification_allocates_nothing() -> Outcome<()> {
    for case in ["call/HS256", "call/RS256", "call/ES256", "call/EdDSA", "roles/1000"] {
        assert_eq!(tally(Who::Raw, case)?, Tally::default(), "{case}");
    }
    Ok(())
}

#[test]
fn allocations_per_request_are_equal_for_all_algorithms() -> Outcome<()> {
    // Goal 2 is 5: the claims, the principal, its entry in the request extensions, and in a scope the table of the extensions.
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
fn cached_token_allocates_only_for_request_extensions() -> Outcome<()> {
    // Goals 3 and 4: none without a principal, 2 with one, for every algorithm and number of roles.
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
fn cached_token_is_not_verified_again() -> Outcome<()> {
    for (case, verifications) in [("remembered/RS256", 0), ("remembered/tokens/1000", 0), ("call/RS256", 1)] {
        let token = Case::named(case)?.token()?;
        let claims = token.split('.').nth(1).ok_or("no token")?;
        meter::watch(base64::decoded_len_estimate(claims.len()));
        assert_eq!(tally(Who::Guarded, case)?.watched, verifications, "{case}");
    }
    Ok(())
}

#[test]
fn own_tokens_accounts_and_tenants_make_the_expected_allocations() -> Outcome<()> {
    // The goal for a token that is found in memory is 2. A ceiling costs none. A lookup in another store allocates its record and its
    // future.
    assert_all(&[
        ("own token/in memory", -1),
        ("own token/looked up", 9),
        ("own token/cached", -1),
        ("own token/cached principal", -1),
        ("own token/account", 0),
        ("own token/account with a ceiling", 0),
        ("account/cached", 0),
        ("tenant/header", 16),
    ])
}

#[test]
fn objects_and_lists_make_the_expected_allocations() -> Outcome<()> {
    // Of each object of the batch: its key as text in the handler, the object, and its proof.
    assert_all(&[("objects/batch of 100", 348), ("objects/key in 1 kB", 46), ("lists/five terms", 86)])
}

#[test]
fn a_batch_of_objects_is_loaded_once() -> Outcome<()> {
    let subject = Case::named("objects/batch of 100")?.subject(Who::Guarded)?.ok_or("there is nothing to measure")?;
    auth_load::objects::loads();
    subject.run(&mut |work| work())?;
    assert_eq!(auth_load::objects::loads(), 1);
    Ok(())
}

#[test]
fn public_handler_without_principal_allocates_nothing() -> Outcome<()> {
    assert_all(&[("public/token", -3)])
}

#[test]
fn additional_attributes_allocate_nothing() -> Outcome<()> {
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
    // Goal 5. Each verification decodes the claims into a separate buffer, whose size no other allocation has.
    for (case, verifications) in [
        ("call/HS256", 1),
        ("call/HS256 principal", 1),
        ("attributes/4", 1),
        ("attributes/4 kinds", 1),
        ("attributes/1 and its scope's", 1),
        ("attributes/1 and two scopes'", 1),
        ("attributes/1 and two scopes' of two Auths", 2), // each has its own keys
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
fn role_count_does_not_affect_allocations() -> Outcome<()> {
    // Goal 6.
    let one = over_bare("roles/1")?;
    assert_all(&[("roles/10", one), ("roles/100", one), ("roles/1000", one)])
}

#[test]
fn vocabulary_over_128_names_costs_one_more_allocation() -> Outcome<()> {
    let few = over_bare("vocabulary/1")?;
    assert_all(&[("vocabulary/1000", few + 1), ("vocabulary/1000 roles/1000", few + 1)])
}

#[test]
fn route_count_does_not_affect_allocations() -> Outcome<()> {
    // Goal 6.
    let one = over_bare("routes/1")?;
    assert_all(&[("routes/10", one), ("routes/1000", one)])
}

#[test]
fn denials_make_the_expected_allocations() -> Outcome<()> {
    // Goal 7 is 6 for a request without a token: the failed literals, and the error. Challenges and bodies are precomputed, and the
    // allocations of the bare handler's response are saved.
    assert_all(&[
        ("deny/no token", -2),
        ("deny/no token app_data", 1),
        ("deny/garbage", -3),
        ("deny/malformed", -3),
        ("deny/oversized", -3),
        ("deny/expired", -1),
        ("deny/wrong role", 2), // the identity for the log
        ("deny/bad signature", -3),
        ("deny/bad signature RS256", -3),
        ("deny/bad signature ES256", -3),
        ("public/no token principal", 0), // a complete denial, which `Option` converts to `None`
    ])
}
