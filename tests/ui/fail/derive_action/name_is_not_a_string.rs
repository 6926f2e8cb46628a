use auth_actix::{Action, Permission, Role, TokenScope};

#[derive(Role)]
enum Role {
    Member,
}

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
#[action(scope = projects)]
struct Read;

fn main() {
    let _ = Read::NAME;
}
