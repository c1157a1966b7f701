//! Text on a page.

use crate::lang::Words;

/// A text in both languages; the style shows one.
pub fn both(zh: &str, en: &str) -> String {
    format!(
        "<span class=\"zh\">{}</span><span class=\"en\">{}</span>",
        escaped(zh),
        escaped(en)
    )
}

/// As [`both`].
pub fn words(words: &Words) -> String {
    both(&words.zh, &words.en)
}

/// Text that cannot become markup.
pub fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

/// A share with two digits, or a dash.
pub fn share(value: Option<f64>) -> String {
    value.map_or_else(|| "–".to_owned(), |value| format!("{value:.2}"))
}

/// Base 64 with padding (RFC 4648, section 4), for pictures inside the page.
pub fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let three = [0, 1, 2].map(|index| u32::from(chunk.get(index).copied().unwrap_or(0)));
        let joined = (three[0] << 16) | (three[1] << 8) | three[2];
        for index in 0..4 {
            let digit = char::from(DIGITS[(joined >> (18 - 6 * index)) as usize & 63]);
            text.push(if index <= chunk.len() { digit } else { '=' });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_has_the_values_of_the_standard() {
        let vectors = ["", "Zg==", "Zm8=", "Zm9v", "Zm9vYg==", "Zm9vYmE=", "Zm9vYmFy"];
        for (length, expected) in vectors.iter().enumerate() {
            assert_eq!(base64(&b"foobar"[..length]), *expected);
        }
    }

    #[test]
    fn text_of_a_data_set_cannot_become_markup() {
        assert_eq!(escaped("<b a=\"1\">&"), "&lt;b a=&quot;1&quot;&gt;&amp;");
        assert_eq!(share(None), "–");
        assert_eq!(share(Some(0.666)), "0.67");
    }
}
