#![deny(warnings)]

use actix_web::web::Data;
use auth_actix::{Granted, require, require_permission, require_role};

/// Roles.
#[derive(auth_actix::Role)]
#[role(rename_all = "snake_case", proofs = "proof")]
pub enum Role {
    /// Has every permission.
    #[role(implies(Editor), grants(Permission::PostsWrite))]
    Admin,
    /// Edits posts.
    #[role(implies(Viewer))]
    Editor,
    /// Reads posts.
    Viewer,
}

#[derive(auth_actix::Permission)]
#[permission(proofs = "may")]
enum Permission {
    #[permission(implies(PostsRead))]
    PostsWrite,
    PostsRead,
}

#[derive(auth_actix::TokenScope)]
#[token_scope(proofs = "scoped")]
enum TokenScope {
    #[token_scope("posts", implies(Read))]
    Posts,
    #[token_scope("posts:read")]
    Read,
}

fn read(_: &Granted<scoped::Read>) {}

#[auth_actix::require_scope("posts")]
async fn by_scope(posts: Granted<scoped::Posts>, _: Granted<scoped::Read>) {
    read(posts.weaker());
}

fn publish(_: &Granted<proof::Viewer>, _: Granted<may::PostsRead>) {}

const _: () = assert!(size_of::<Granted<proof::Admin>>() == 0);

#[require_role("admin")]
async fn all(admin: Granted<proof::Admin>, write: Granted<may::PostsWrite>, editor: Granted<proof::Editor>) {
    publish(admin.weaker(), write.into_weaker());
    let _: Granted<proof::Viewer> = editor.into_weaker();
}

type Proof = Granted<proof::Viewer>;

#[require((role("editor") && claim("org", "acme")) || role(Role::Admin))]
async fn either(_: Proof) {}

#[require_permission("posts-write")]
#[require(role("viewer") || claim("org", "acme"))]
async fn generic<T: 'static>(_: Granted<may::PostsRead>, _: Data<T>) {}

fn main() {
    let _ = (all, either, by_scope, generic::<u8>);
}
