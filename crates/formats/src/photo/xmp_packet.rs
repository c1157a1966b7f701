//! Reads an XMP packet (RDF in XML) into plain properties, whichever of the two forms it is written in:
//! `<rdf:Description ns:Name="value">` or `<ns:Name>value</ns:Name>`. Names are told apart by the URI of
//! their namespace; prefixes are the writer's free choice.

use std::collections::BTreeMap;

use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::{BytesRef, BytesStart, Event};
use quick_xml::name::{LocalName, Namespace, ResolveResult};
use quick_xml::{NsReader, XmlVersion};

use super::warning::Problem;
use super::warnings::{Warnings, quote};

/// Namespaces whose properties are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Space {
    Dji,
    FlyOnce,
    Tiff,
    Xmp,
}

const RDF: &str = "http://www.w3.org/1999/02/22-rdf-syntax-ns#";

fn space_of(uri: &str) -> Option<Space> {
    match uri {
        "http://www.dji.com/drone-dji/1.0/" => Some(Space::Dji),
        "https://flyonce.example/ns/1.0/" => Some(Space::FlyOnce),
        "http://ns.adobe.com/tiff/1.0/" => Some(Space::Tiff),
        "http://ns.adobe.com/xap/1.0/" => Some(Space::Xmp),
        _ => None,
    }
}

/// The simple properties of all packets of one file.
#[derive(Debug, Default)]
pub(super) struct XmpProperties {
    values: BTreeMap<(Space, String), Vec<String>>,
}

impl XmpProperties {
    /// Adds the properties of one packet. A packet that breaks off gives what stands before the break.
    pub(super) fn read_packet(&mut self, packet: &[u8], warnings: &mut Warnings) {
        let text = String::from_utf8_lossy(packet);
        let text = text.trim_matches(|c: char| c == '\0' || c == '\u{feff}' || c.is_whitespace());
        let mut walk = Walk {
            properties: self,
            level: 0,
            description_level: None,
            open: None,
        };
        if let Err(reason) = walk.run(&mut NsReader::from_str(text)) {
            warnings.note(
                "XMP",
                Problem::Damaged {
                    reason: quote(&reason),
                },
            );
        }
    }

    /// The value of a property, trimmed; absent with a warning when it is stated twice differently.
    pub(super) fn get(&self, space: Space, name: &str, warnings: &mut Warnings) -> Option<&str> {
        let values = self.values.get(&(space, name.to_owned()))?;
        let first = values.first()?;
        if let Some(second) = values.iter().find(|value| *value != first) {
            let (first, second) = (quote(first), quote(second));
            warnings.note(&format!("XMP {name}"), Problem::StatedTwice { first, second });
            return None;
        }
        Some(first)
    }

    fn add(&mut self, space: Space, name: &str, value: &str) {
        let value = value.trim();
        if !value.is_empty() {
            self.values
                .entry((space, name.to_owned()))
                .or_default()
                .push(value.to_owned());
        }
    }
}

struct Walk<'p> {
    properties: &'p mut XmpProperties,
    /// Number of open elements.
    level: usize,
    /// Level of the rdf:Description that is open.
    description_level: Option<usize>,
    /// The property element that is open, with its text so far. Dropped when it has elements of its own.
    open: Option<(Space, String, String)>,
}

impl Walk<'_> {
    fn run(&mut self, reader: &mut NsReader<&[u8]>) -> Result<(), String> {
        loop {
            let event = reader.read_event().map_err(|error| error.to_string())?;
            match event {
                Event::Start(element) => {
                    self.enter(reader, &element);
                    self.level += 1;
                }
                Event::Empty(element) => {
                    self.enter(reader, &element);
                    self.leave();
                }
                Event::End(_) => {
                    self.level = self.level.saturating_sub(1);
                    self.leave();
                }
                Event::Text(text) => self.append(&text),
                Event::CData(text) => self.append(&text),
                Event::GeneralRef(reference) => self.append_reference(&reference),
                Event::Eof if self.level > 0 => return Err("the packet breaks off".to_owned()),
                Event::Eof => return Ok(()),
                _ => {}
            }
        }
    }

    fn enter(&mut self, reader: &NsReader<&[u8]>, element: &BytesStart<'_>) {
        let (namespace, local) = reader.resolver().resolve_element(element.name());
        match self.description_level {
            None if is_bound_to(&namespace, RDF) && local.as_ref() == "Description" => {
                self.description_level = Some(self.level);
                self.read_attributes(reader, element);
            }
            Some(level) if self.level == level + 1 => {
                self.open = kept(&namespace, &local).map(|(space, name)| (space, name, String::new()));
            }
            // An element inside a property: a list or a structure, none of which is used.
            _ => self.open = None,
        }
    }

    /// Called with `level` back at that of the element just closed.
    fn leave(&mut self) {
        if let Some((space, name, text)) = self.open.take() {
            self.properties.add(space, &name, &text);
        }
        if self.description_level == Some(self.level) {
            self.description_level = None;
        }
    }

    fn read_attributes(&mut self, reader: &NsReader<&[u8]>, element: &BytesStart<'_>) {
        for attribute in element.attributes().with_checks(false).flatten() {
            let (namespace, local) = reader.resolver().resolve_attribute(attribute.key);
            let Some((space, name)) = kept(&namespace, &local) else {
                continue;
            };
            if let Ok(value) = attribute.normalized_value(XmlVersion::Implicit1_0) {
                self.properties.add(space, &name, &value);
            }
        }
    }

    fn append(&mut self, text: &str) {
        if let Some((_, _, value)) = &mut self.open {
            value.push_str(text);
        }
    }

    fn append_reference(&mut self, reference: &BytesRef<'_>) {
        if let Ok(Some(character)) = reference.resolve_char_ref() {
            self.append(character.encode_utf8(&mut [0; 4]));
        } else if let Some(text) = resolve_predefined_entity(reference) {
            self.append(text);
        }
    }
}

fn kept(namespace: &ResolveResult<'_>, local: &LocalName<'_>) -> Option<(Space, String)> {
    match namespace {
        ResolveResult::Bound(Namespace(uri)) => Some((space_of(uri)?, local.as_ref().to_owned())),
        _ => None,
    }
}

fn is_bound_to(namespace: &ResolveResult<'_>, uri: &str) -> bool {
    matches!(namespace, ResolveResult::Bound(Namespace(bound)) if *bound == uri)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> (XmpProperties, Warnings) {
        let (mut properties, mut warnings) = (XmpProperties::default(), Warnings::default());
        properties.read_packet(text.as_bytes(), &mut warnings);
        (properties, warnings)
    }

    const HEAD: &str = r#"<x:xmpmeta xmlns:x="adobe:ns:meta/"><r:RDF xmlns:r="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:q="http://www.dji.com/drone-dji/1.0/">"#;
    const TAIL: &str = "</r:RDF></x:xmpmeta>";

    #[test]
    fn both_forms_and_any_prefix() {
        let (properties, mut warnings) = read(&format!(
            r#"<?xpacket begin="" id="W5M0MpCehiHzreSzNTczkc9d"?>{HEAD}
            <r:Description r:about="" q:GimbalYawDegree=" +37.10 " other="1" unknown:X="2"/>
            <r:Description xmlns="http://www.dji.com/drone-dji/1.0/"><RelativeAltitude>+9&#56;.9</RelativeAltitude>
              <Model>A &amp; B<![CDATA[<C>]]></Model><List><r:Seq><r:li>1</r:li></r:Seq></List></r:Description>{TAIL}"#
        ));
        let mut get = |name| properties.get(Space::Dji, name, &mut warnings).map(str::to_owned);
        assert_eq!(get("GimbalYawDegree").as_deref(), Some("+37.10"));
        assert_eq!(get("RelativeAltitude").as_deref(), Some("+98.9"));
        assert_eq!(get("Model").as_deref(), Some("A & B<C>"));
        assert_eq!(get("List"), None);
        assert_eq!(get("other"), None);
        assert!(warnings.0.is_empty(), "{warnings:?}");
    }

    #[test]
    fn the_same_prefix_for_another_namespace_is_another_property() {
        let (properties, mut warnings) = read(&format!(
            r#"{HEAD}<r:Description xmlns:drone-dji="http://example.org/" drone-dji:RelativeAltitude="7"/>{TAIL}"#
        ));
        assert_eq!(
            properties.get(Space::Dji, "RelativeAltitude", &mut warnings),
            None
        );
    }

    #[test]
    fn a_value_stated_twice_counts_only_when_equal() {
        let two = |second: &str| {
            format!(
                r#"{HEAD}<r:Description q:A="1"/><r:Description><q:A>{second}</q:A></r:Description>{TAIL}"#
            )
        };
        let (properties, mut warnings) = read(&two("1"));
        assert_eq!(properties.get(Space::Dji, "A", &mut warnings), Some("1"));
        assert!(warnings.0.is_empty());
        let (properties, mut warnings) = read(&two("2"));
        assert_eq!(properties.get(Space::Dji, "A", &mut warnings), None);
        assert!(matches!(warnings.0[0].problem, Problem::StatedTwice { .. }));
    }

    #[test]
    fn a_packet_that_breaks_off_gives_what_it_has() {
        let (properties, mut warnings) = read(&format!(r#"{HEAD}<r:Description q:A="1"><q:B>2"#));
        assert_eq!(properties.get(Space::Dji, "A", &mut warnings), Some("1"));
        assert_eq!(properties.get(Space::Dji, "B", &mut warnings), None);
        assert!(
            matches!(warnings.0[0].problem, Problem::Damaged { .. }),
            "{warnings:?}"
        );
    }
}
