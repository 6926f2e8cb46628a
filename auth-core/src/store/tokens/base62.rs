//! Base62 text of a fixed width.

const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// Appends a big-endian number of `N` bytes, as `width` base62 digits with leading zeros. Digits beyond the width are cut off.
pub(crate) fn push_base62<const N: usize>(text: &mut String, mut number: [u8; N], width: usize) {
    let mut digits: Vec<char> = (0..width)
        .map(|_| {
            let mut remainder = 0;
            for byte in &mut number {
                let value = remainder << 8 | u32::from(*byte);
                // The quotient is at most 255, because the remainder is at most 61.
                *byte = (value / 62) as u8;
                remainder = value % 62;
            }
            char::from(base62_digit(remainder))
        })
        .collect();
    text.extend(digits.iter().rev());
    digits.fill('0');
}

/// Returns the base62 digit of the remainder of a division by 62.
pub(crate) fn base62_digit(number: u32) -> u8 {
    ALPHABET.get((number % 62) as usize).copied().unwrap_or_default()
}

/// Returns whether the text consists of base62 digits.
pub(crate) fn is_base62(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base62_has_a_fixed_width() {
        // TOKEN-4. 2^256 - 1 is less than 62^43, and 2^32 - 1 is less than 62^6.
        let of = |number: [u8; 32]| {
            let mut text = String::new();
            push_base62(&mut text, number, 43);
            text
        };
        let mut one = [0; 32];
        one[31] = 1;
        assert_eq!(of([0; 32]), "0".repeat(43));
        assert_eq!(of(one), format!("{}1", "0".repeat(42)));
        assert_eq!(of([255; 32]), "yhjskwdA6OZ1AL1YmHWZWm8LLG7HjnuCA2j5rOw8Xp1");
        for (number, expected) in [(0, "000000"), (61, "00000z"), (62, "000010"), (u32::MAX, "4gfFC3")] {
            let mut text = String::new();
            push_base62(&mut text, number.to_be_bytes(), 6);
            assert_eq!(text, expected);
            assert!(is_base62(&text) && !is_base62("a-b") && !is_base62("\u{e4}"));
        }
    }
}
