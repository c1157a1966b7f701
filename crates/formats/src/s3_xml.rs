//! The one XML body that S3's clients send: the parts of an upload, in `CompleteMultipartUpload`.

use quick_xml::Reader;
use quick_xml::events::Event;

/// Parts of one upload, as S3 has it.
const MOST_PARTS: u32 = 10_000;

/// A part that its sender believes to be here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CompletedPart {
    /// 1 to 10,000.
    pub number: u32,
    /// MD5 as it was answered, lower-case hexadecimal, without quotes.
    pub etag: String,
}

/// Why a list of parts is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum S3XmlError {
    /// No XML.
    #[error("the list of parts is no XML: {0}")]
    Xml(String),
    /// A part without number or ETag.
    #[error("part {0} of the list has no PartNumber from 1 to {MOST_PARTS} or no ETag")]
    Part(usize),
    /// Numbers that do not rise.
    #[error("the numbers of the parts do not rise")]
    Order,
    /// No part.
    #[error("the list has no part")]
    Empty,
}

/// Reads the list of parts.
///
/// # Errors
/// What is wrong with it.
pub fn completed_parts(xml: &str) -> Result<Vec<CompletedPart>, S3XmlError> {
    let mut reader = Reader::from_str(xml);
    let mut parts: Vec<CompletedPart> = Vec::new();
    let (mut open, mut number, mut etag) = (String::new(), None, String::new());
    loop {
        match reader
            .read_event()
            .map_err(|error| S3XmlError::Xml(error.to_string()))?
        {
            Event::Start(start) => {
                open = start.local_name().as_ref().to_owned();
                if open == "Part" {
                    (number, etag) = (None, String::new());
                }
            }
            Event::Text(text) => match open.as_str() {
                "PartNumber" => number = text.trim().parse().ok(),
                "ETag" => etag.push_str(&text),
                _ => {}
            },
            Event::End(end) => {
                open.clear();
                if end.local_name().as_ref() == "Part" {
                    parts.push(part(number, &etag).ok_or(S3XmlError::Part(parts.len() + 1))?);
                }
            }
            Event::Eof => break,
            // ETags are written with &quot; around them.
            _ => {}
        }
    }
    if parts.is_empty() {
        return Err(S3XmlError::Empty);
    }
    match parts.is_sorted_by(|a, b| a.number < b.number) {
        true => Ok(parts),
        false => Err(S3XmlError::Order),
    }
}

fn part(number: Option<u32>, etag: &str) -> Option<CompletedPart> {
    let etag = etag.trim().trim_matches('"').to_ascii_lowercase();
    Some(CompletedPart {
        number: number.filter(|number| (1..=MOST_PARTS).contains(number))?,
        etag: (!etag.is_empty()).then_some(etag)?,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn parts_are_read_in_whatever_way_they_are_quoted() {
        let xml = r#"<?xml version="1.0" encoding="UTF-8"?>
            <CompleteMultipartUpload xmlns="http://s3.amazonaws.com/doc/2006-03-01/">
            <Part><ETag>"A1"</ETag><PartNumber>1</PartNumber><ChecksumCRC32>x</ChecksumCRC32></Part>
            <Part><PartNumber> 3 </PartNumber><ETag>&quot;b2&quot;</ETag></Part></CompleteMultipartUpload>"#;
        let part = |number, etag: &str| CompletedPart {
            number,
            etag: etag.to_owned(),
        };
        assert_eq!(completed_parts(xml), Ok(vec![part(1, "a1"), part(3, "b2")]));
    }

    #[test]
    fn what_is_no_list_is_said() {
        let list = |parts: &str| completed_parts(&format!("<C>{parts}</C>")).unwrap_err();
        let one = |number: &str| format!("<Part><PartNumber>{number}</PartNumber><ETag>a</ETag></Part>");
        assert_eq!(list(""), S3XmlError::Empty);
        assert_eq!(list(&one("0")), S3XmlError::Part(1));
        assert_eq!(list(&(one("1") + &one("10001"))), S3XmlError::Part(2));
        assert_eq!(list(&(one("2") + &one("2"))), S3XmlError::Order);
        assert_eq!(
            list("<Part><PartNumber>1</PartNumber></Part>"),
            S3XmlError::Part(1)
        );
        assert!(matches!(completed_parts("<a></b>"), Err(S3XmlError::Xml(_))));
    }

    proptest! {
        #[test]
        fn no_text_breaks_it(text in "[<>/a-zA-Z0-9&;\"' ]{0,200}") {
            let _ = completed_parts(&text);
        }

        #[test]
        fn a_list_comes_back(numbers in prop::collection::btree_set(1..=10_000_u32, 1..40)) {
            let xml: String = numbers
                .iter()
                .map(|number| format!("<Part><PartNumber>{number}</PartNumber><ETag>\"{number:032x}\"</ETag></Part>"))
                .collect();
            let parts = completed_parts(&format!("<C>{xml}</C>")).unwrap();
            prop_assert!(parts.iter().map(|part| part.number).eq(numbers));
        }
    }
}
