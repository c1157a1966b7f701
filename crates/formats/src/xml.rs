//! XML as a tree of elements by their local names, for texts of bounded depth and size. Entities are only the
//! predefined ones and characters by number: nothing is expanded.

use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::{BytesRef, BytesStart, Event};
use quick_xml::{Reader, XmlVersion};

/// How large a text may be.
#[derive(Debug, Clone, Copy)]
pub(crate) struct XmlLimits {
    /// Levels of elements.
    pub(crate) deepest: usize,
    /// Elements in all.
    pub(crate) most_elements: usize,
}

/// One element.
#[derive(Debug, Default)]
pub(crate) struct Element {
    pub(crate) name: String,
    /// Value of its attribute `name`, the only one that is read.
    pub(crate) name_attribute: Option<String>,
    pub(crate) text: String,
    pub(crate) children: Vec<Element>,
}

impl Element {
    /// The root of a text.
    pub(crate) fn parse(xml: &str, limits: XmlLimits) -> Result<Self, String> {
        let mut reader = Reader::from_str(xml);
        let mut open: Vec<Element> = vec![Element::default()];
        let mut count = 0_usize;
        loop {
            let event = reader
                .read_event()
                .map_err(|error| format!("byte {}: {error}", reader.error_position()))?;
            if count > limits.most_elements {
                return Err(format!("there are more than {} elements", limits.most_elements));
            }
            match event {
                Event::Start(start) => {
                    count += 1;
                    if open.len() > limits.deepest {
                        return Err(format!("elements are nested more than {} deep", limits.deepest));
                    }
                    open.push(Element::of(&start));
                }
                Event::Empty(start) => {
                    count += 1;
                    let element = Element::of(&start);
                    if let Some(parent) = open.last_mut() {
                        parent.children.push(element);
                    }
                }
                Event::End(_) => {
                    let closed = open.pop();
                    match (closed, open.last_mut()) {
                        (Some(element), Some(parent)) => parent.children.push(element),
                        _ => return Err("an element ends that did not begin".to_owned()),
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
            _ => Err("the text breaks off".to_owned()),
        }
    }

    /// The first child of this name.
    pub(crate) fn child(&self, name: &str) -> Option<&Element> {
        self.children.iter().find(|child| child.name == name)
    }

    /// The first child at the end of a path of names.
    pub(crate) fn at(&self, path: &[&str]) -> Option<&Element> {
        path.iter().try_fold(self, |element, name| element.child(name))
    }

    /// Every child of this name.
    pub(crate) fn all(&self, name: &'static str) -> impl Iterator<Item = &Element> {
        self.children.iter().filter(move |child| child.name == name)
    }

    /// The trimmed text of a child.
    pub(crate) fn text_of(&self, name: &str) -> Option<&str> {
        self.child(name).map(|child| child.text.trim())
    }

    /// The number in a child.
    pub(crate) fn number<T: std::str::FromStr>(&self, name: &str) -> Option<T> {
        self.text_of(name)?.parse().ok()
    }

    fn of(start: &BytesStart<'_>) -> Self {
        let attribute = start.try_get_attribute("name").ok().flatten();
        let value = attribute.and_then(|attribute| attribute.normalized_value(XmlVersion::Implicit1_0).ok());
        Self {
            name: start.local_name().as_ref().to_owned(),
            name_attribute: value.map(std::borrow::Cow::into_owned),
            ..Self::default()
        }
    }
}

fn push(open: &mut [Element], text: &str) {
    if let Some(element) = open.last_mut() {
        element.text.push_str(text);
    }
}

fn character(reference: &BytesRef<'_>) -> Result<String, String> {
    let unknown = || format!("&{};", &**reference);
    match reference.resolve_char_ref() {
        Ok(Some(character)) => Ok(character.to_string()),
        Ok(None) => resolve_predefined_entity(reference)
            .map(str::to_owned)
            .ok_or_else(unknown),
        Err(_no_character) => Err(unknown()),
    }
}
