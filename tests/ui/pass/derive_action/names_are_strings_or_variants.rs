#![deny(warnings)]

use auth_actix::object::Required;
use auth_actix::{Action, Permission, TokenScope};

#[derive(Permission)]
enum Permission {
    #[permission("projects:edit")]
    Edit,
}

#[derive(TokenScope)]
enum TokenScope {
    #[token_scope("projects:read")]
    Read,
}

#[derive(Action)]
#[action(scope = TokenScope::Read)]
struct Read;

#[derive(Action)]
#[action(permission = "projects:edit")]
struct EditDetails;

#[derive(Action)]
struct Delete;

#[derive(Action)]
enum Purge<T: 'static> {
    #[allow(dead_code, reason = "an action has no values")]
    Of(T),
}

struct Own;

impl Action for Own {
    const NAME: &'static str = "own";
    const REQUIRES: Option<Required> = Some(Required::Role("anything"));
}

fn main() {
    assert_eq!(Read::REQUIRES, Some(Required::Scope("projects:read")));
    assert_eq!((EditDetails::NAME, EditDetails::REQUIRES), ("edit-details", Some(Required::Permission("projects:edit"))));
    assert_eq!((Delete::NAME, Delete::REQUIRES, Purge::<u8>::NAME, Own::NAME), ("delete", None, "purge", "own"));
}
