//! What can be said of an entry alone, without those before it: many are read at once, on every processor.

use std::borrow::Cow;
use std::io::BufRead;
use std::thread;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use transparency::Hash;

use super::Row;
use crate::bundle::Line;
use crate::header::{Header, HeaderError};
use crate::month::Month;

/// Most lines that are held at once.
const LINES: usize = 4_096;
/// Bytes of them after which no further line is taken.
const BYTES: usize = 8 * 1024 * 1024;

/// A row with what was found out about it.
pub(super) struct Examined {
    pub row: Row,
    pub header: Result<Header, HeaderError>,
    /// Whether the header bytes give the leaf hash.
    pub leaf_fits: bool,
    /// What is wrong with the body.
    pub body_fault: Option<&'static str>,
}

impl From<Row> for Examined {
    fn from(row: Row) -> Self {
        let header = Header::from_bytes(&row.header);
        let body_fault = match (header.as_ref().ok().map(|header| header.body), row.body.as_deref()) {
            (None, _) | (Some(None), None) => None,
            (Some(Some(hash)), Some(body)) if Hash::of(body) == hash => None,
            (Some(Some(_)), Some(_)) => Some("the body does not give the hash in the header"),
            (Some(Some(_)), None) => Some("the body is missing"),
            (Some(None), Some(_)) => Some("a body was added"),
        };
        Self { leaf_fits: Hash::leaf(&row.header) == row.leaf_hash, header, body_fault, row }
    }
}

/// A line of a bundle.
pub(super) enum Read {
    Entry(Box<Examined>),
    /// An entry whose body is no base64.
    Bytes,
    Other(Line),
    Unreadable,
}

/// An entry's line: the common case, without the detour over a map that a tagged enum takes.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct EntryLine<'a> {
    #[serde(rename = "type")]
    _kind: EntryKind,
    index: u64,
    month: Month,
    version: u8,
    #[serde(borrow)]
    header: Cow<'a, str>,
    leaf_hash: Hash,
    #[serde(borrow, default)]
    body: Option<Cow<'a, str>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
enum EntryKind {
    Entry,
}

/// The next lines of a bundle, as many as are held at once; `None` at its end.
pub(super) fn next_lines(reader: &mut impl BufRead) -> std::io::Result<Option<Vec<Vec<u8>>>> {
    let (mut lines, mut bytes) = (vec![], 0);
    while lines.len() < LINES && bytes < BYTES {
        let mut line = Vec::with_capacity(2_048);
        if reader.read_until(b'\n', &mut line)? == 0 {
            break;
        }
        bytes += line.len();
        lines.push(line);
    }
    Ok(Some(lines).filter(|lines| !lines.is_empty()))
}

/// Examines every line; in their order.
pub(super) fn all(lines: &[Vec<u8>]) -> Vec<Read> {
    let hands = thread::available_parallelism().map_or(1, usize::from);
    let each = |lines: &[Vec<u8>]| lines.iter().map(|line| read(line)).collect::<Vec<_>>();
    thread::scope(|scope| {
        let mut parts = lines.chunks(lines.len().div_ceil(hands).max(1));
        let own = parts.next();
        let others: Vec<_> = parts.map(|part| scope.spawn(move || each(part))).collect();
        let mut found = own.map(each).unwrap_or_default();
        for other in others {
            match other.join() {
                Ok(more) => found.extend(more),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        found
    })
}

fn read(line: &[u8]) -> Read {
    let Ok(entry) = serde_json::from_slice::<EntryLine<'_>>(line) else {
        return match serde_json::from_slice::<Line>(line) {
            Ok(line) => Read::Other(line),
            Err(_) => Read::Unreadable,
        };
    };
    let mut header = Vec::with_capacity(1 + entry.header.len());
    header.push(entry.version);
    header.extend_from_slice(entry.header.as_bytes());
    let Ok(body) = entry.body.as_deref().map(|text| STANDARD.decode(text)).transpose() else {
        return Read::Bytes;
    };
    let row = Row { index: entry.index, month: entry.month, header, leaf_hash: entry.leaf_hash, body };
    Read::Entry(Box::new(row.into()))
}
