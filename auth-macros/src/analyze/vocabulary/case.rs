//! Default names of variants.

use syn::Ident;

use super::settings::Settings;

/// Returns the variant's name in the case style of the vocabulary.
pub(super) fn default_name(ident: &Ident, settings: &Settings) -> String {
    let text = ident.to_string();
    let text = text.trim_start_matches("r#");
    let text = settings.prefix.as_deref().and_then(|prefix| text.strip_prefix(prefix)).unwrap_or(text);
    let words = split_words(text);
    let joined = |by: &str, each: fn(&str) -> String| words.iter().map(|word| each(word)).collect::<Vec<_>>().join(by);
    match settings.case.as_deref() {
        Some("snake_case") => joined("_", str::to_lowercase),
        Some("SCREAMING_SNAKE_CASE") => joined("_", str::to_uppercase),
        Some("PascalCase") => joined("", capitalized),
        Some("lowercase") => joined("", str::to_lowercase),
        Some("camelCase") => {
            let pascal = joined("", capitalized);
            let mut characters = pascal.chars();
            characters
                .next()
                .map(|first| first.to_lowercase().collect::<String>() + characters.as_str())
                .unwrap_or_default()
        }
        _ => joined("-", str::to_lowercase),
    }
}

/// Returns a name in kebab case.
pub(in crate::analyze) fn kebab_case(ident: &Ident) -> String {
    default_name(ident, &Settings::default())
}

fn capitalized(word: &str) -> String {
    let mut characters = word.chars();
    let first = characters.next().map(|first| first.to_uppercase().collect::<String>()).unwrap_or_default();
    first + &characters.as_str().to_lowercase()
}

/// Splits a name into words. `ContentEditor`, `HTTPAdmin` and `CONTENT_EDITOR` are two words each.
fn split_words(text: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    for part in text.split('_').filter(|part| !part.is_empty()) {
        let letters: Vec<char> = part.chars().collect();
        let mut word = String::new();
        for (index, letter) in letters.iter().enumerate() {
            let before = index.checked_sub(1).and_then(|index| letters.get(index));
            let after = letters.get(index + 1);
            let begins = letter.is_uppercase()
                && before
                    .is_some_and(|before| !before.is_uppercase() || after.is_some_and(|after| after.is_lowercase()));
            if begins {
                words.push(std::mem::take(&mut word));
            }
            word.push(*letter);
        }
        words.push(word);
    }
    words
}

#[cfg(test)]
mod tests {
    use proc_macro2::Span;

    use super::*;

    #[test]
    fn names_follow_the_case_style() {
        let name = |ident: &str, case: Option<&str>| {
            let settings =
                Settings { case: case.map(str::to_owned), prefix: Some("ROLE_".to_owned()), proofs: None, root: None };
            default_name(&Ident::new(ident, Span::call_site()), &settings)
        };
        #[rustfmt::skip]
        let table = [
            ("Admin", None, "admin"), ("ContentEditor", None, "content-editor"), ("HTTPAdmin", None, "http-admin"),
            ("ROLE_SITE_ADMIN", None, "site-admin"), ("Viewer2", None, "viewer2"),
            ("ContentEditor", Some("snake_case"), "content_editor"), ("ContentEditor", Some("SCREAMING_SNAKE_CASE"), "CONTENT_EDITOR"),
            ("ContentEditor", Some("camelCase"), "contentEditor"), ("ROLE_SITE_ADMIN", Some("PascalCase"), "SiteAdmin"),
            ("ContentEditor", Some("lowercase"), "contenteditor"),
        ];
        for (ident, case, expected) in table {
            assert_eq!(name(ident, case), expected, "{ident} {case:?}");
        }
    }
}
