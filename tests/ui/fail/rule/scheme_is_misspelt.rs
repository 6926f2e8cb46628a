const RULE: &auth_actix::Rule = auth_actix::rule!(scheme("api_key"));

fn main() {}
