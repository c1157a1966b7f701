//! XML as a tree of elements: local names and texts, nothing else. Bounded in size and depth.

use quick_xml::Reader;
use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::{BytesRef, Event};

/// Most elements of a file: 65 536 waypoints with everything a waypoint has.
const MOST_ELEMENTS: usize = 2_000_000;
/// Deepest nesting.
const DEEPEST: usize = 32;

/// An element.
#[derive(Debug, Default)]
pub(crate) struct Element {
    /// Name without prefix.
    pub(crate) name: String,
    /// All text directly inside, trimmed.
    pub(crate) text: String,
    /// Elements inside, in order.
    pub(crate) children: Vec<Element>,
}

impl Element {
    /// The first child of this name.
    pub(crate) fn child(&self, name: &str) -> Option<&Element> {
        self.children.iter().find(|child| child.name == name)
    }

    /// All children of this name.
    pub(crate) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Element> {
        self.children.iter().filter(move |child| child.name == name)
    }

    /// Text of the first child of this name; nothing when it is empty.
    pub(crate) fn text_of(&self, name: &str) -> Option<&str> {
        self.child(name)
            .map(|child| child.text.as_str())
            .filter(|text| !text.is_empty())
    }
}

/// The root element of a document.
///
/// # Errors
/// What is wrong with the XML.
pub(crate) fn parse(text: &str) -> Result<Element, String> {
    let mut reader = Reader::from_str(text);
    // The bottom is no element of the file: it holds the root.
    let mut open = vec![Element::default()];
    let mut count = 0;
    loop {
        let event = reader.read_event().map_err(|error| error.to_string())?;
        match event {
            Event::Start(start) => {
                count += 1;
                if open.len() > DEEPEST || count > MOST_ELEMENTS {
                    return Err("too deep or too many elements".to_owned());
                }
                open.push(named(start.local_name().as_ref()));
            }
            Event::Empty(start) => {
                count += 1;
                if count > MOST_ELEMENTS {
                    return Err("too many elements".to_owned());
                }
                let element = named(start.local_name().as_ref());
                if let Some(parent) = open.last_mut() {
                    parent.children.push(element);
                }
            }
            Event::End(_) => close(&mut open)?,
            Event::Text(text) => append(&mut open, &text),
            Event::CData(text) => append(&mut open, &text),
            Event::GeneralRef(reference) => append_reference(&mut open, &reference),
            Event::Eof => break,
            _ => {}
        }
    }
    match (open.len(), open.pop()) {
        (1, Some(bottom)) => bottom
            .children
            .into_iter()
            .next()
            .ok_or_else(|| "no element".to_owned()),
        _ => Err("the document breaks off".to_owned()),
    }
}

fn named(name: &str) -> Element {
    Element {
        name: name.to_owned(),
        ..Element::default()
    }
}

fn close(open: &mut Vec<Element>) -> Result<(), String> {
    let mut done = open.pop().ok_or("an end without a start")?;
    done.text = done.text.trim().to_owned();
    match open.last_mut() {
        Some(parent) => parent.children.push(done),
        None => return Err("an end without a start".to_owned()),
    }
    Ok(())
}

fn append(open: &mut [Element], text: &str) {
    if let Some(element) = open.last_mut() {
        element.text.push_str(text);
    }
}

fn append_reference(open: &mut [Element], reference: &BytesRef<'_>) {
    if let Ok(Some(character)) = reference.resolve_char_ref() {
        append(open, character.encode_utf8(&mut [0; 4]));
    } else if let Some(text) = resolve_predefined_entity(reference) {
        append(open, text);
    }
}
