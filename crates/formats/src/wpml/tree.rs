//! XML as a tree of elements by their local names; attributes are not used by WPML.

use quick_xml::Reader;
use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::{BytesRef, Event};

use super::WpmlError;

/// Deeper than any WPML text.
const DEEPEST: usize = 32;
/// More elements than the largest wayline has.
const MOST_ELEMENTS: usize = 8_000_000;

/// One element.
#[derive(Debug, Default)]
pub(super) struct Element {
    pub(super) name: String,
    pub(super) text: String,
    pub(super) children: Vec<Element>,
}

impl Element {
    /// The root of a text.
    pub(super) fn parse(xml: &str) -> Result<Self, WpmlError> {
        let mut reader = Reader::from_str(xml);
        let mut open: Vec<Element> = vec![Element::default()];
        let mut count = 0_usize;
        loop {
            let event = reader
                .read_event()
                .map_err(|error| WpmlError::Xml(error.to_string()))?;
            match event {
                Event::Start(start) => {
                    count += 1;
                    if open.len() > DEEPEST || count > MOST_ELEMENTS {
                        return Err(WpmlError::Xml("too many elements".to_owned()));
                    }
                    open.push(Element::named(start.local_name().as_ref()));
                }
                Event::Empty(start) => {
                    count += 1;
                    let element = Element::named(start.local_name().as_ref());
                    if let Some(parent) = open.last_mut() {
                        parent.children.push(element);
                    }
                }
                Event::End(_) => {
                    let closed = open.pop();
                    match (closed, open.last_mut()) {
                        (Some(element), Some(parent)) => parent.children.push(element),
                        _ => return Err(WpmlError::Xml("an element ends that did not begin".to_owned())),
                    }
                }
                Event::Text(text) => push(&mut open, &text),
                Event::CData(text) => push(&mut open, &text),
                Event::GeneralRef(reference) => {
                    let text = character(&reference)?;
                    push(&mut open, &text);
                }
                Event::Eof => break,
                _ => {}
            }
        }
        match (open.pop(), open.is_empty()) {
            (Some(root), true) => Ok(root),
            _ => Err(WpmlError::Xml("the text breaks off".to_owned())),
        }
    }

    /// The first child of this name.
    pub(super) fn child(&self, name: &str) -> Option<&Element> {
        self.children.iter().find(|child| child.name == name)
    }

    /// The first child at the end of a path of names.
    pub(super) fn at(&self, path: &[&str]) -> Option<&Element> {
        path.iter().try_fold(self, |element, name| element.child(name))
    }

    /// Every child of this name.
    pub(super) fn all(&self, name: &'static str) -> impl Iterator<Item = &Element> {
        self.children.iter().filter(move |child| child.name == name)
    }

    /// The trimmed text of a child.
    pub(super) fn text_of(&self, name: &str) -> Option<&str> {
        self.child(name).map(|child| child.text.trim())
    }

    /// The number in a child.
    pub(super) fn number<T: std::str::FromStr>(&self, name: &str) -> Option<T> {
        self.text_of(name)?.parse().ok()
    }

    fn named(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            ..Self::default()
        }
    }
}

fn push(open: &mut [Element], text: &str) {
    if let Some(element) = open.last_mut() {
        element.text.push_str(text);
    }
}

fn character(reference: &BytesRef<'_>) -> Result<String, WpmlError> {
    let unknown = || WpmlError::Xml(format!("&{};", &**reference));
    match reference.resolve_char_ref() {
        Ok(Some(character)) => Ok(character.to_string()),
        Ok(None) => resolve_predefined_entity(reference)
            .map(str::to_owned)
            .ok_or_else(unknown),
        Err(_no_character) => Err(unknown()),
    }
}
