//! HTML pages, and their texts in other languages.

use std::borrow::Cow;

use auth_core::denial::DenialResponse;

/// The texts of our pages. Default: English. Responses for programs are not translated.
///
/// ```
/// use auth_actix::Auth;
/// use auth_actix::response::Messages;
///
/// let german = || Messages {
///     language: "de".into(),
///     log_in: "Anmelden".into(),
///     name: "Name".into(),
///     password: "Passwort".into(),
///     remember: "Angemeldet bleiben".into(),
///     wrong: "Der Name oder das Passwort ist falsch.".into(),
///     denial: |problem| (problem == "insufficient-permissions").then_some(("Kein Zugang", "Das ist nicht erlaubt.")),
///     ..Messages::default()
/// };
/// let auth = Auth::builder().messages(move |request| match request.headers().get("Accept-Language") {
///     Some(wanted) if wanted.as_bytes().starts_with(b"de") => german(),
///     _ => Messages::default(),
/// });
/// # drop(auth);
/// ```
#[derive(Clone, Debug)]
pub struct Messages {
    /// The language (BCP 47) for the attribute `lang`.
    pub language: Cow<'static, str>,
    /// The title and the button of the login page.
    pub log_in: Cow<'static, str>,
    /// The label of the name field.
    pub name: Cow<'static, str>,
    /// The label of the password field.
    pub password: Cow<'static, str>,
    /// The label of the check box for a persistent login.
    pub remember: Cow<'static, str>,
    /// The message after a failed login. It must not reveal more than the response.
    pub wrong: Cow<'static, str>,
    /// The message after too many failed logins. `{}` is replaced by the seconds until the next attempt.
    pub too_many: Cow<'static, str>,
    /// The message for a form from another site.
    pub other_site: Cow<'static, str>,
    /// The word before the status code of a denial.
    pub status: Cow<'static, str>,
    /// Returns the title and the text of a denial, by the last segment of its problem type, such as `insufficient-permissions`.
    /// `None` keeps the English text.
    pub denial: fn(&str) -> Option<(&'static str, &'static str)>,
}

impl Default for Messages {
    fn default() -> Self {
        Self {
            language: Cow::Borrowed("en"),
            log_in: Cow::Borrowed("Log in"),
            name: Cow::Borrowed("Name"),
            password: Cow::Borrowed("Password"),
            remember: Cow::Borrowed("Keep me logged in"),
            wrong: Cow::Borrowed("The name or the password is wrong."),
            too_many: Cow::Borrowed("Too many attempts failed. Try again in {} s."),
            other_site: Cow::Borrowed("Send this form from this page."),
            status: Cow::Borrowed("Status"),
            denial: |_| None,
        }
    }
}

/// The style of our pages: the browser's default, light or dark. A test checks that contrasts conform to WCAG 2.2 AA (1.4.3).
const STYLE: &str = ":root{color-scheme:light dark}body{font:1.1rem/1.5 system-ui,sans-serif;\
    max-width:36rem;margin:15vh auto;padding:0 1rem}label{display:block;margin:1rem 0}label.line{display:flex;gap:.5rem}\
    input{font:inherit}label:not(.line) input{display:block;width:100%;box-sizing:border-box;padding:.5rem}\
    button{font:inherit;padding:.5rem 1.5rem}.wrong{border-left:.3rem solid light-dark(#b00020,#ff8a80);\
    padding-left:.7rem;color:light-dark(#b00020,#ff8a80)}";

impl Messages {
    /// Returns a page without scripts and other resources. `main` is HTML.
    fn page(&self, title: &str, main: &str) -> String {
        let (language, title) = (html_escaped(&self.language), html_escaped(title));
        format!(
            "<!doctype html>\n<html lang=\"{language}\">\n<head><meta charset=\"utf-8\"><meta name=\"viewport\" \
             content=\"width=device-width, initial-scale=1\"><title>{title}</title><style>{STYLE}</style></head>\n\
             <body><main><h1>{title}</h1>{main}</main></body>\n</html>\n"
        )
    }

    fn of(&self, answer: DenialResponse) -> (&'static str, &'static str) {
        (self.denial)(answer.problem).unwrap_or((answer.title, answer.detail))
    }

    /// Returns the page of a denial.
    pub(crate) fn refusal(&self, answer: DenialResponse) -> String {
        let (title, detail) = self.of(answer);
        let (detail, word) = (html_escaped(detail), html_escaped(&self.status));
        self.page(title, &format!("<p>{detail}</p><p>{word} {}</p>", answer.status))
    }

    /// Returns the HTML fragment of a denial for htmx.
    pub(crate) fn fragment(&self, answer: DenialResponse) -> String {
        let (title, detail) = self.of(answer);
        format!("<div role=\"alert\"><strong>{}</strong> {}</div>\n", html_escaped(title), html_escaped(detail))
    }

    /// Returns the login page. It contains only a path of the request, which is escaped.
    pub(crate) fn login(&self, return_to: &str, wrong: Option<&str>) -> String {
        let wrong = wrong.map(|wrong| format!("<p role=\"alert\" class=\"wrong\">{}</p>", html_escaped(wrong)));
        let [return_to, name, password, remember, log_in] =
            [return_to, &self.name, &self.password, &self.remember, &self.log_in].map(html_escaped);
        let main = format!(
            "{}<form method=\"post\">\
             <input type=\"hidden\" name=\"return_to\" value=\"{return_to}\">\
             <label>{name} <input name=\"username\" autocomplete=\"username\" required autofocus></label>\
             <label>{password} <input name=\"password\" type=\"password\" autocomplete=\"current-password\" required></label>\
             <label class=\"line\"><input name=\"remember\" type=\"checkbox\" value=\"yes\"> {remember}</label>\
             <button>{log_in}</button></form>",
            wrong.unwrap_or_default()
        );
        self.page(&self.log_in, &main)
    }
}

/// Escapes text for use between tags or in a quoted attribute.
fn html_escaped(text: &str) -> String {
    let escape = |character: char| match character {
        '&' => "&amp;".to_owned(),
        '<' => "&lt;".to_owned(),
        '>' => "&gt;".to_owned(),
        '"' => "&quot;".to_owned(),
        '\'' => "&#39;".to_owned(),
        other => other.to_string(),
    };
    text.chars().map(escape).collect()
}
