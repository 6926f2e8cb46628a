//! What `Jwt::dev()` and `.or_dev()` print.

use auth_core::identity::issuer::RoleTypes;
use auth_core::scheme::bearer::Jwt;

/// A command for each role, with a token that has it.
#[allow(clippy::print_stderr, reason = "it is for the person at the terminal, and only in debug builds")]
pub(super) fn print_commands(jwt: &Jwt, roles: &RoleTypes) {
    eprintln!(
        "For development: tokens of a key that ends with this process, for this machine alone. Put your path at the end."
    );
    let names = roles.iter().flat_map(|vocabulary| vocabulary.names);
    for (what, role) in [("no role", None)].into_iter().chain(names.map(|name| (*name, Some(*name)))) {
        let token = jwt.dev_token(role).unwrap_or_default();
        eprintln!("# {what}\ncurl -i -H 'Authorization: Bearer {token}' http://127.0.0.1:8080/");
    }
}
