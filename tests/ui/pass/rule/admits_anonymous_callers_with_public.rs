use auth_actix::rule;

fn main() {
    let _ = [rule!(public), rule!(public && network("10.0.0.0/8")), rule!(public && !network("10.1.0.0/16") && network("10.0.0.0/8"))];
}
