//! A strict parser of `WWW-Authenticate` (RFC 9110 §11.6.1), which accepts only what a sender may generate.

/// One challenge: the scheme and its parameters, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Challenge {
    /// The scheme, as written.
    pub scheme: String,
    /// Parameter names as written, and values without quotes and escapes.
    pub parameters: Vec<(String, String)>,
}

impl Challenge {
    /// Returns the value of a parameter. Names are case-insensitive.
    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }
}

/// Parses one field line with one or more comma-separated challenges. The error describes the syntax violation.
pub fn read(line: &str) -> Result<Vec<Challenge>, String> {
    let mut reader = Reader { text: line, at: 0 };
    let mut challenges = vec![reader.challenge()?];
    while !reader.rest().is_empty() {
        reader.comma()?;
        challenges.push(reader.challenge()?);
    }
    Ok(challenges)
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Reader<'a> {
    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    /// Parses `scheme SP name=value, name=value`. Stops before the comma in front of the next challenge.
    fn challenge(&mut self) -> Result<Challenge, String> {
        let scheme = self.token()?.to_owned();
        let mut parameters: Vec<(String, String)> = Vec::new();
        if self.rest().is_empty() || self.rest().starts_with(',') {
            return Ok(Challenge { scheme, parameters });
        }
        if !self.eat(" ") || self.rest().starts_with([' ', '\t']) {
            return Err(format!("not one space behind the scheme: {:?}", self.rest()));
        }
        loop {
            let name = self.token()?.to_owned();
            if !self.eat("=") {
                return Err(format!("no `=` behind {name:?}: {:?}", self.rest()));
            }
            let quoted = self.rest().starts_with('"');
            let value = if quoted { self.quoted()? } else { self.token()?.to_owned() };
            if parameters.iter().any(|(known, _)| known.eq_ignore_ascii_case(&name)) {
                return Err(format!("{name:?} is repeated")); // HTTP-7
            }
            if !quoted && ["realm", "scope"].iter().any(|text| name.eq_ignore_ascii_case(text)) {
                return Err(format!("{name:?} is not quoted")); // HTTP-8
            }
            parameters.push((name, value));
            let before = self.at;
            if self.rest().is_empty() {
                return Ok(Challenge { scheme, parameters });
            }
            self.comma()?;
            if !self.is_parameter() {
                self.at = before; // the comma separates two challenges
                return Ok(Challenge { scheme, parameters });
            }
        }
    }

    /// Returns whether a name and `=` follow, rather than the scheme of the next challenge.
    fn is_parameter(&self) -> bool {
        let name = self.rest().bytes().take_while(|byte| is_token(*byte)).count();
        name > 0 && self.rest()[name..].starts_with('=')
    }

    fn comma(&mut self) -> Result<(), String> {
        let spaces = |reader: &mut Self| {
            while reader.eat(" ") || reader.eat("\t") {}
        };
        spaces(self);
        if !self.eat(",") {
            return Err(format!("no comma: {:?}", self.rest()));
        }
        spaces(self);
        if self.rest().is_empty() || self.rest().starts_with(',') { Err("an empty element".to_owned()) } else { Ok(()) }
    }

    fn eat(&mut self, text: &str) -> bool {
        let eaten = self.rest().starts_with(text);
        self.at += if eaten { text.len() } else { 0 };
        eaten
    }

    fn token(&mut self) -> Result<&'a str, String> {
        let length = self.rest().bytes().take_while(|byte| is_token(*byte)).count();
        let token = &self.rest()[..length];
        self.at += length;
        if token.is_empty() { Err(format!("no token: {:?}", self.rest())) } else { Ok(token) }
    }

    fn quoted(&mut self) -> Result<String, String> {
        let mut value = String::new();
        let mut characters = self.rest().char_indices().skip(1);
        while let Some((position, character)) = characters.next() {
            match character {
                '"' => {
                    self.at += position + 1;
                    return Ok(value);
                }
                '\\' => value.push(characters.next().ok_or("a lone backslash")?.1),
                ' '..='~' => value.push(character),
                other => return Err(format!("{other:?} in a quoted string")),
            }
        }
        Err("a quoted string without an end".to_owned())
    }
}

fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

/// Checks the requirements of the scheme's RFC beyond the syntax, and our own for our schemes. The error names the violated rule.
pub fn check(challenge: &Challenge) -> Result<(), String> {
    let text = |value: &str, space: bool| {
        let fits = |byte| matches!(byte, 0x21 | 0x23..=0x5B | 0x5D..=0x7E) || space && byte == b' ';
        !value.is_empty() && value.bytes().all(fits)
    };
    let words = |value: &str| !value.is_empty() && value.split(' ').all(|word| text(word, false));
    challenge.parameter("realm").ok_or("BEARER-4, BASIC-1: no realm")?;
    for (name, value) in &challenge.parameters {
        let fits = match (challenge.scheme.as_str(), name.as_str()) {
            (_, "realm") => !value.is_empty(),
            ("Basic", "charset") => value == "UTF-8", // BASIC-1, BASIC-2
            ("Bearer" | "Session", "error") | ("Bearer", "error_description") => text(value, true), // BEARER-7
            ("Bearer", "scope") | ("Bearer" | "Session", "acr_values") => words(value), // BEARER-8, STEP-1
            ("Bearer" | "Session", "max_age") => value.bytes().all(|byte| byte.is_ascii_digit()) && !value.is_empty(), // STEP-1
            ("Session", "login") => value.starts_with('/'),
            _ => return Err(format!("{} has no parameter {name:?}", challenge.scheme)),
        };
        if !fits {
            return Err(format!("{name}={value:?} is not allowed in {}", challenge.scheme));
        }
    }
    if challenge.scheme == "Basic" && challenge.parameter("charset").is_none() {
        return Err("BASIC-2: no charset".to_owned());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strict_parser_refuses_invalid_challenges() {
        // HTTP-6 to HTTP-8, T19: the tests depend on this parser being strict.
        let schemes = |line| read(line).map(|all| all.into_iter().map(|one| one.scheme).collect::<Vec<_>>());
        #[rustfmt::skip]
        let good: &[(&str, &[&str])] = &[
            (r#"Bearer realm="a""#, &["Bearer"]),
            (r#"Bearer realm="a, Basic realm=\"b", error="x""#, &["Bearer"]),
            (r#"Bearer realm="a", error="x", Basic realm="b", charset="UTF-8""#, &["Bearer", "Basic"]),
            (r#"Negotiate, Basic realm="b""#, &["Negotiate", "Basic"]),
            (r#"Bearer max_age=300,realm="a""#, &["Bearer"]),
        ];
        for (line, expected) in good {
            assert_eq!(schemes(line).unwrap(), *expected, "{line}");
        }
        #[rustfmt::skip]
        let bad = [
            "", " ", ",", "Bearer ", "Bearer  realm=\"a\"", "Bearer realm=\"a\" error=\"b\"", "Bearer realm=\"a\",", "Bearer realm=\"a\",,error=\"b\"",
            "Bearer realm=a", "Bearer realm=\"a\", Realm=\"b\"", "Bearer realm=\"a", "Bearer realm=\"a\\", "Bearer realm", "Bearer realm=\"\u{e9}\"",
            "Bearer realm=\"a\tb\"", "Bearer realm = \"a\"", "Bearer, ",
        ];
        for line in bad {
            assert!(read(line).is_err(), "{line:?}");
        }
        let checked = |line| read(line).unwrap().iter().try_for_each(check);
        for line in [r#"Basic realm="a", charset="UTF-8""#, r#"Bearer realm="a", error="b", scope="c d", max_age="0""#]
        {
            assert_eq!(checked(line), Ok(()), "{line}");
        }
        #[rustfmt::skip]
        let bad = [
            r#"Bearer error="b""#, r#"Basic realm="a""#, r#"Basic realm="a", charset="utf-8""#, r#"Basic realm="a", charset="UTF-8", error="b""#,
            r#"Bearer realm="a", error="b\"c""#, r#"Bearer realm="a", scope="b  c""#, r#"Bearer realm="a", max_age="5m""#, r#"Bearer realm="a", other="b""#,
        ];
        for line in bad {
            assert!(checked(line).is_err(), "{line}");
        }
        assert_eq!(read(r#"A realm="a\"b\\c""#).unwrap()[0].parameter("REALM"), Some(r#"a"b\c"#));
    }
}
