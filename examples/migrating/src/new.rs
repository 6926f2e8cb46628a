//! Handlers after the migration: each has a rule above it and contains only its own logic.

use actix_web::{Responder, get, post, web};
use auth_actix::{require_auth, require_role};

use crate::Role; // rules resolve role names with the `Role` in scope here

#[require_auth]
#[get("/stock")]
pub(crate) async fn stock() -> impl Responder {
    "12 wheels\n"
}

#[require_role("manager")]
#[post("/price")]
pub(crate) async fn set_price(cents: web::Json<u32>) -> impl Responder {
    format!("{cents} cents\n")
}

#[require_role("manager")]
#[get("/export")]
pub(crate) async fn export() -> impl Responder {
    "all customers\n"
}
