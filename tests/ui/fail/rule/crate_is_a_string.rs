fn main() {
    let _ = auth_actix::rule!(authenticated, crate = "guard");
}
