//! Bodies in chunks as S3's clients send them (`Content-Encoding: aws-chunked`): a line with the size of a chunk and,
//! where chunks are signed, its signature; the chunk; a chunk of no bytes at the end; lines behind it (the trailer).
//! (docs.aws.amazon.com, "Signature Calculations for the Authorization Header: Transferring Payload in Multiple Chunks".)

/// Longest line around chunks, bytes.
const LONGEST_LINE: usize = 1024;
/// Most lines of a trailer.
const MOST_TRAILERS: usize = 32;

/// What came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece {
    /// A chunk begins; one of no bytes is the last.
    Begin {
        /// Its bytes.
        size: u64,
        /// `chunk-signature`, as it was written.
        signature: Option<String>,
    },
    /// Some of its bytes.
    Data(Vec<u8>),
    /// The chunk is whole.
    End,
    /// A line of the trailer.
    Trailer {
        /// Before the colon, in lower case.
        name: String,
        /// Behind it.
        value: String,
    },
}

/// Why a body is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ChunkError {
    /// A line that is too long, or no text.
    #[error("a line between chunks is longer than {LONGEST_LINE} bytes or no text")]
    Line,
    /// A line that names no size.
    #[error("a chunk begins with {0:?} and not with its size in hexadecimal digits")]
    Size(String),
    /// What comes behind a chunk is not the end of a line.
    #[error("a chunk is longer than it says")]
    Unended,
    /// A line of the trailer without a colon, or too many of them.
    #[error("the trailer has {0:?}")]
    Trailer(String),
    /// Bytes behind the end.
    #[error("there are bytes behind the last chunk")]
    Behind,
    /// The last chunk is missing.
    #[error("the body ends before its last chunk")]
    Short,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum At {
    SizeLine,
    Data { left: u64 },
    DataEnd,
    TrailerLine,
    Done,
}

/// Takes a body apart, in whatever portions it comes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decoder {
    at: At,
    line: Vec<u8>,
    trailers: usize,
}

impl Default for Decoder {
    fn default() -> Self {
        Self {
            at: At::SizeLine,
            line: Vec::new(),
            trailers: 0,
        }
    }
}

impl Decoder {
    /// Takes the next portion in.
    ///
    /// # Errors
    /// What is wrong with it; nothing more is to be pushed then.
    pub fn push(&mut self, mut bytes: &[u8]) -> Result<Vec<Piece>, ChunkError> {
        let mut pieces = Vec::new();
        while !bytes.is_empty() {
            match self.at {
                At::Done => return Err(ChunkError::Behind),
                At::Data { left } => {
                    let here = usize::try_from(left).unwrap_or(usize::MAX).min(bytes.len());
                    let (data, rest) = bytes.split_at(here);
                    pieces.push(Piece::Data(data.to_vec()));
                    bytes = rest;
                    let left = left.saturating_sub(here as u64);
                    self.at = At::Data { left };
                    if left == 0 {
                        pieces.push(Piece::End);
                        self.at = At::DataEnd;
                    }
                }
                At::SizeLine | At::DataEnd | At::TrailerLine => {
                    let (line, rest) = self.take_line(bytes)?;
                    bytes = rest;
                    if let Some(line) = line {
                        self.read_line(&line, &mut pieces)?;
                    }
                }
            }
        }
        Ok(pieces)
    }

    /// The body has ended.
    ///
    /// # Errors
    /// It should not have.
    pub fn finish(&self) -> Result<(), ChunkError> {
        // Some clients leave the last empty line out.
        match self.at {
            At::Done => Ok(()),
            At::TrailerLine if self.line.is_empty() => Ok(()),
            _ => Err(ChunkError::Short),
        }
    }

    /// Up to the end of the line, and what is behind it; `None` where it has not ended yet.
    fn take_line<'b>(&mut self, bytes: &'b [u8]) -> Result<(Option<String>, &'b [u8]), ChunkError> {
        let end = bytes.iter().position(|byte| *byte == b'\n');
        let (here, rest) = bytes.split_at(end.map_or(bytes.len(), |end| end + 1));
        if self.line.len() + here.len() > LONGEST_LINE {
            return Err(ChunkError::Line);
        }
        self.line.extend_from_slice(here);
        if end.is_none() {
            return Ok((None, rest));
        }
        let line = std::mem::take(&mut self.line);
        let line = line
            .strip_suffix(b"\r\n")
            .and_then(|line| std::str::from_utf8(line).ok())
            .ok_or(ChunkError::Line)?;
        Ok((Some(line.to_owned()), rest))
    }

    fn read_line(&mut self, line: &str, pieces: &mut Vec<Piece>) -> Result<(), ChunkError> {
        match self.at {
            At::SizeLine => {
                let (size, signature) = size_line(line)?;
                pieces.push(Piece::Begin { size, signature });
                self.at = At::Data { left: size };
                if size == 0 {
                    pieces.push(Piece::End);
                    self.at = At::TrailerLine;
                }
            }
            At::DataEnd if line.is_empty() => self.at = At::SizeLine,
            At::DataEnd => return Err(ChunkError::Unended),
            At::TrailerLine if line.is_empty() => self.at = At::Done,
            At::TrailerLine | At::Data { .. } | At::Done => {
                self.trailers += 1;
                let wrong = || ChunkError::Trailer(line.to_owned());
                let (name, value) = line.split_once(':').ok_or_else(wrong)?;
                if self.trailers > MOST_TRAILERS {
                    return Err(wrong());
                }
                pieces.push(Piece::Trailer {
                    name: name.trim().to_ascii_lowercase(),
                    value: value.trim().to_owned(),
                });
            }
        }
        Ok(())
    }
}

fn size_line(line: &str) -> Result<(u64, Option<String>), ChunkError> {
    let mut parts = line.split(';');
    let size = parts.next().unwrap_or_default();
    let is_hex = !size.is_empty() && size.len() <= 16 && size.bytes().all(|byte| byte.is_ascii_hexdigit());
    let wrong = || ChunkError::Size(line.to_owned());
    let size = is_hex
        .then(|| u64::from_str_radix(size, 16).ok())
        .flatten()
        .ok_or_else(wrong)?;
    let signature = parts.find_map(|part| part.strip_prefix("chunk-signature="));
    Ok((size, signature.map(str::to_owned)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn decoded(body: &[u8], portion: usize) -> Result<(Vec<u8>, Vec<Piece>), ChunkError> {
        let mut decoder = Decoder::default();
        let (mut data, mut others) = (Vec::new(), Vec::new());
        for portion in body.chunks(portion) {
            for piece in decoder.push(portion)? {
                match piece {
                    Piece::Data(bytes) => data.extend(bytes),
                    other => others.push(other),
                }
            }
        }
        decoder.finish()?;
        Ok((data, others))
    }

    #[test]
    fn chunks_signatures_and_trailers_are_told_apart() {
        let body =
            b"4;chunk-signature=ab\r\n\r\nab\r\n0;chunk-signature=cd\r\nX-Amz-Checksum-Crc32: AAAA\r\n\r\n";
        for portion in 1..body.len() {
            let (data, others) = decoded(body, portion).unwrap();
            assert_eq!(data, b"\r\nab");
            let begin = |size, signature: &str| Piece::Begin {
                size,
                signature: Some(signature.to_owned()),
            };
            let trailer = Piece::Trailer {
                name: "x-amz-checksum-crc32".to_owned(),
                value: "AAAA".to_owned(),
            };
            assert_eq!(
                others,
                [begin(4, "ab"), Piece::End, begin(0, "cd"), Piece::End, trailer]
            );
        }
    }

    #[test]
    fn what_is_no_body_is_said() {
        let wrong = |body: &[u8]| decoded(body, 7).unwrap_err();
        assert_eq!(wrong(b"2\r\nabc\r\n"), ChunkError::Unended);
        assert_eq!(wrong(b"x\r\n"), ChunkError::Size("x".to_owned()));
        assert_eq!(wrong(b"2\r\nab\r\n"), ChunkError::Short);
        assert_eq!(wrong(b"2\nab\r\n"), ChunkError::Line);
        assert_eq!(wrong(b"0\r\n\r\nmore"), ChunkError::Behind);
        assert_eq!(
            wrong(b"0\r\nno colon\r\n\r\n"),
            ChunkError::Trailer("no colon".to_owned())
        );
        assert_eq!(wrong(&[b'1'; 2000]), ChunkError::Line);
        assert_eq!(decoded(b"0\r\n", 1).unwrap().0, b"");
    }

    proptest! {
        /// However a body is cut into chunks and portions, it comes out as it went in.
        #[test]
        fn what_goes_in_comes_out(
            chunks in prop::collection::vec(prop::collection::vec(any::<u8>(), 1..200), 0..6), portion in 1..300_usize,
        ) {
            let mut body = Vec::new();
            for chunk in &chunks {
                body.extend(format!("{:x}\r\n", chunk.len()).bytes());
                body.extend(chunk);
                body.extend(b"\r\n");
            }
            body.extend(b"0\r\n\r\n");
            let (data, _) = decoded(&body, portion).unwrap();
            prop_assert_eq!(data, chunks.concat());
        }

        #[test]
        fn no_bytes_break_it(
            body in prop::collection::vec(prop_oneof![Just(b'\r'), Just(b'\n'), Just(b'0'), Just(b';'), Just(b':'), any::<u8>()], 0..200),
            portion in 1..50_usize,
        ) {
            if let Ok((data, _)) = decoded(&body, portion) {
                prop_assert!(data.len() < body.len());
            }
        }
    }
}
