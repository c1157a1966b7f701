//! Text on the page.

use crate::lang::Words;

/// A text in both languages; the style shows one.
pub(super) fn both(zh: &str, en: &str) -> String {
    format!(
        "<span class=\"zh\">{}</span><span class=\"en\">{}</span>",
        escaped(zh),
        escaped(en)
    )
}

/// As [`both`].
pub(super) fn words(words: &Words) -> String {
    both(&words.zh, &words.en)
}

/// Text that cannot become markup.
pub(super) fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

/// A share with two digits, or a dash.
pub(super) fn share(value: Option<f64>) -> String {
    value.map_or_else(|| "–".to_owned(), |value| format!("{value:.2}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_of_a_data_set_cannot_become_markup() {
        assert_eq!(escaped("<b a=\"1\">&"), "&lt;b a=&quot;1&quot;&gt;&amp;");
        assert_eq!(share(None), "–");
        assert_eq!(share(Some(0.666)), "0.67");
    }
}
