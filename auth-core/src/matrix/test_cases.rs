//! Test requests that a rule distinguishes. For each atom, one request is granted because of the atom, and one is denied because of
//! it (MC/DC, as in avionics tests).

mod answer;

use std::collections::BTreeSet;

use self::answer::Answer;
use super::assignments::{World, Worlds};
use super::expr::{Expr, ExprLiteral};
use super::names::DeclaredNames;
use super::request::{CaseCaller, CaseLocation};
use crate::policy::atom::Fact;

/// Maximum number of assignments that are examined to find the requests.
const MOST: usize = 1 << 14;

/// A request with its expected result.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub struct Case {
    /// The caller. `None` for an anonymous request.
    pub caller: Option<CaseCaller>,
    /// The location of the client.
    pub place: CaseLocation,
    /// The expected result.
    pub outcome: CaseOutcome,
    /// The expected result if the credential does not count: it is bound to another tenant, or limited and without a right that the rule
    /// requires (RIGHTS-14). `None` if it depends on a check.
    pub uncounted: Option<CaseOutcome>,
    /// The expected result if the caller is a login without an account. `None` if it depends on a check.
    pub without_account: Option<CaseOutcome>,
    /// Whether a rule that holds does so by a role, a permission or a scope, as limited credentials need it (RIGHTS-6).
    pub is_by_name: bool,
}

/// The expected result of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum CaseOutcome {
    /// The handler runs.
    Granted,
    /// A check or a question about an object runs, whose result decides.
    Checked,
    /// The request is denied, and another login could be admitted: 401.
    Unauthenticated,
    /// The request is denied, and no other login would change that: 403.
    Denied,
}

impl Case {
    /// Replaces the caller.
    #[must_use]
    pub fn with_caller(self, caller: CaseCaller) -> Self {
        Self { caller: Some(caller), ..self }
    }
}

/// A rule, and what determines its requests.
#[derive(Clone, Copy)]
#[non_exhaustive]
pub struct CaseRule<'a> {
    /// The text of the rule.
    pub rule: &'a str,
    /// The meaning of the names in the rule.
    pub words: &'a DeclaredNames,
    /// Whether anonymous callers may pass.
    pub public: bool,
}

impl<'a> CaseRule<'a> {
    /// Creates the description of a rule.
    pub fn new(rule: &'a str, words: &'a DeclaredNames, public: bool) -> Self {
        Self { rule, words, public }
    }
}

/// The requests that a rule distinguishes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Cases {
    /// The requests.
    pub cases: Vec<Case>,
    /// Atoms for which no test request can be created, such as checks, whose results depend on the application.
    pub undecided: Vec<String>,
}

/// An assignment with the result of the rule.
struct Candidate {
    world: World,
    answer: Answer,
    case: Case,
    can_be_sent: bool,
}

impl Cases {
    /// Derives the requests from a rule. `can_send` is whether the application accepts a credential with which a caller can be sent.
    /// Returns `None` if the rule cannot be parsed, or has too many assignments.
    pub fn of(rule: CaseRule<'_>, can_send: &dyn Fn(&CaseCaller) -> bool) -> Option<Self> {
        let written = Expr::read(rule.rule)?;
        let tree = written.expanded(rule.words);
        let worlds = Worlds::of(&[&tree])?;
        let asked = Asked { tree: &tree, worlds: &worlds, public: rule.public };
        let worlds_that_can = worlds.each().take(MOST).filter(|world| worlds.can_be_made(world));
        let candidates: Vec<_> = worlds_that_can.filter_map(|world| asked.candidate(world, can_send)).collect();
        let sendable = || candidates.iter().filter(|candidate| candidate.can_be_sent);
        let mut chosen = BTreeSet::new();
        let first = |wanted: &dyn Fn(&&Candidate) -> bool| sendable().find(wanted).map(|found| found.case.clone());
        // An anonymous caller, an authenticated caller with nothing else, and a caller with access.
        chosen.extend(first(&|candidate| candidate.case.caller.is_none()));
        chosen.extend(first(&|candidate| candidate.case.caller.is_some()));
        chosen.extend(first(&|candidate| candidate.answer == Answer::Yes));
        // A caller with each single name, which covers the names that it implies.
        for literal in tree.literals() {
            let Fact::Name(kind, name, tenant) = &literal.fact else { continue };
            chosen.extend(first(&|candidate| {
                candidate.case.caller.as_ref().is_some_and(|caller| caller.has_only(kind, name, tenant.as_ref()))
            }));
        }
        let mut found = Self::default();
        for (position, literal) in written.literals().iter().enumerate() {
            let mut is_missing = false;
            for wanted in [true, false] {
                // The atom as written. A name holds for every caller that holds a name implying it.
                let decides = |candidate: &&Candidate| {
                    let answer = |one: &ExprLiteral| asked.answer(one, &candidate.world);
                    let atom = Expr::Literal((*literal).clone()).expanded(rule.words);
                    let holds = Answer::of(&atom, &answer);
                    let flipped = Answer::forced(&written, position, !wanted, &|part| {
                        Answer::of(&part.expanded(rule.words), &answer)
                    });
                    holds == Answer::from(wanted) && flipped != candidate.answer && flipped != Answer::Unknown
                };
                match sendable().find(decides) {
                    Some(candidate) => drop(chosen.insert(candidate.case.clone())),
                    // An atom that decides about no caller at all is redundant, such as `authenticated` beside a role.
                    None => is_missing |= !is_ours(&literal.fact) || candidates.iter().any(|one| decides(&one)),
                }
            }
            if is_missing {
                found.undecided.push(literal.to_string());
            }
        }
        found.cases = chosen.into_iter().collect();
        Some(found)
    }
}

/// Returns whether the sender of a test request determines the fact.
fn is_ours(fact: &Fact) -> bool {
    !fact.is_about_object() && !matches!(fact, Fact::Country(_) | Fact::Other(_))
}

impl CaseCaller {
    /// Returns whether the caller has this name, and no other.
    fn has_only(&self, kind: &str, name: &str, tenant: Option<&String>) -> bool {
        let outside = tenant.is_none().then(|| (kind.to_owned(), name.to_owned()));
        let inside = tenant.map(|tenant| (kind.to_owned(), name.to_owned(), tenant.clone()));
        self.names.iter().eq(&outside) && self.names_in_tenants.iter().eq(&inside)
    }
}

/// A rule whose assignments are examined.
struct Asked<'a> {
    tree: &'a Expr,
    worlds: &'a Worlds,
    public: bool,
}

impl Asked<'_> {
    /// Returns the answer of a literal.
    fn answer(&self, literal: &ExprLiteral, world: &World) -> Answer {
        let is_known = self.worlds.is_known(world);
        match &literal.fact {
            Fact::Country(_) | Fact::Other(_) => Answer::Unknown,
            // A list refuses limited credentials without the name of its action, and is asked about each caller.
            Fact::CheckForAnyone(_) | Fact::List(_) => Answer::AfterCheck,
            Fact::Check(_) | Fact::ObjectAction(_) if is_known => Answer::AfterCheck,
            // A policy may admit anonymous callers.
            Fact::ObjectAction(_) if self.public => Answer::Unknown,
            Fact::Check(_) | Fact::ObjectAction(_) => Answer::No,
            _ => Answer::from(self.worlds.holds(literal, world)),
        }
    }

    /// Returns the case of an assignment. `None` if the answer is unknown.
    fn candidate(&self, world: World, can_send: &dyn Fn(&CaseCaller) -> bool) -> Option<Candidate> {
        let answer = Answer::of(self.tree, &|literal| self.answer(literal, &world));
        let outcome = match answer {
            Answer::Unknown => return None,
            Answer::Yes => CaseOutcome::Granted,
            Answer::AfterCheck => CaseOutcome::Checked,
            Answer::No if self.could(&world) => CaseOutcome::Unauthenticated,
            Answer::No => CaseOutcome::Denied,
        };
        let (caller, place) = self.worlds.request(&world);
        let is_by_name = self.tree.holds_by_name(&|literal| self.answer(literal, &world) == Answer::Yes);
        let case = Case {
            caller,
            place,
            outcome,
            uncounted: self.without(&world, false),
            without_account: self.without(&world, true),
            is_by_name,
        };
        let can_be_sent = case.caller.as_ref().is_none_or(can_send);
        Some(Candidate { world, answer, case, can_be_sent })
    }

    /// Returns the outcome if no atom about the caller holds, except perhaps `login`.
    fn without(&self, world: &World, login_holds: bool) -> Option<CaseOutcome> {
        let answer = Answer::of(self.tree, &|literal| match &literal.fact {
            Fact::Login => Answer::from(login_holds),
            Fact::ObjectAction(_) | Fact::Check(_) | Fact::List(_) => Answer::Unknown,
            fact if fact.is_about_caller() => Answer::No,
            _ => self.answer(literal, world),
        });
        match answer {
            Answer::Yes => Some(CaseOutcome::Granted),
            Answer::No => Some(CaseOutcome::Denied),
            Answer::AfterCheck | Answer::Unknown => None,
        }
    }

    /// Returns whether another login could satisfy the rule.
    fn could(&self, world: &World) -> bool {
        let stranger = !self.worlds.is_known(world);
        let caller = self.worlds.request(world).0.unwrap_or_default();
        self.tree.holds(&|literal| match &literal.fact {
            fact if fact.is_about_caller() && stranger => true,
            // The right kind of credential that is bound elsewhere does not help.
            Fact::Credential(kind, _) if caller.credentials.contains(&(kind.clone(), true)) => {
                self.worlds.holds(literal, world)
            }
            // Logging in again can change these, and checks have not run.
            Fact::MaxAge(_) | Fact::Acr(_) | Fact::Scheme(_) | Fact::Credential(..) | Fact::Login | Fact::Account => {
                true
            }
            Fact::ObjectAction(_) | Fact::Check(_) | Fact::CheckForAnyone(_) | Fact::Other(_) => true,
            _ => self.worlds.holds(literal, world),
        })
    }
}
