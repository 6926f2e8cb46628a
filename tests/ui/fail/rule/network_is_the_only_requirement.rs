fn main() {
    let _ = auth_actix::rule!(network("10.0.0.0/8"));
}
