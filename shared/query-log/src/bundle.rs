//! Bundles: an extract of a log as lines of JSON, to be checked offline by [`crate::verify`].

use std::ops::Range;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use diesel::sql_types::{BigInt, Text};
use diesel_async::RunQueryDsl as _;
use serde::{Deserialize, Serialize};
use statement::statement;
use tokio::io::{AsyncWrite, AsyncWriteExt as _};
use transparency::Hash;

use crate::error::LogError;
use crate::finding::LARGEST_PAGE;
use crate::log::QueryLog;
use crate::month::Month;
use crate::publishing::Published;
use crate::reading::{EntryRow, hash, signed, unsigned};

/// Version of the bundle's lines.
pub const BUNDLE_VERSION: u32 = 2;

/// One line of a bundle.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Line {
    /// The first line: what the bundle claims to hold.
    Bundle {
        /// [`BUNDLE_VERSION`].
        version: u32,
        /// The log.
        log: String,
        /// First index that was not destroyed.
        first_kept: u64,
        /// First index of the bundle: the one asked for, or the first kept.
        from: u64,
        /// Index after the last that the log had, or was asked for.
        until: u64,
        /// The right edge of the tree before index `from`: roots of its largest complete subtrees, the largest first.
        edge: Vec<Hash>,
    },
    /// An entry.
    Entry {
        /// Position.
        index: u64,
        /// Month of its partition.
        month: Month,
        /// Version byte of the header.
        version: u8,
        /// The header's JSON, exactly as hashed.
        header: String,
        /// Leaf hash as stored.
        leaf_hash: Hash,
        /// Encrypted body, base64.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        body: Option<String>,
    },
    /// Before the entries: a published checkpoint of a tree that the bundle reaches, the last one and one a minute before
    /// it.
    Checkpoint {
        /// Number of entries under it.
        size: u64,
        /// The signed note, with the cosignatures that it has.
        note: String,
    },
    /// The last line; a bundle without it was cut short.
    End {
        /// Number of entries.
        count: u64,
    },
}

/// What an export wrote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BundleSummary {
    /// First index asked for.
    pub from: u64,
    /// Index after the last.
    pub until: u64,
    /// Entries written; fewer than the range holds where months were destroyed.
    pub count: u64,
}

impl QueryLog {
    /// Writes entries `range` of `log` (`0..u64::MAX` for all) to `writer` as NDJSON: a `bundle` line, `checkpoint` lines, an
    /// `entry` line each, an `end` line. Personal values stay encrypted. Streams: memory does not grow with the range.
    pub async fn export_bundle<W: AsyncWrite + Unpin + Send>(
        &self,
        log: &str,
        range: Range<u64>,
        writer: &mut W,
    ) -> Result<BundleSummary, LogError> {
        let head = self.head(log).await?;
        let first_kept = self.first_kept(log).await?;
        let until = range.end.min(head.size);
        let from = range.start.max(first_kept).min(until);
        let line = Line::Bundle {
            version: BUNDLE_VERSION,
            log: log.to_owned(),
            first_kept,
            from,
            until,
            edge: self.edge_at(log, from).await?,
        };
        write(writer, &line).await?;
        for Published { size, note } in self.published_between(log, from, until).await? {
            write(writer, &Line::Checkpoint { size, note }).await?;
        }
        let (mut at, mut count) = (from, 0);
        loop {
            let rows = self.rows(log, at, until).await?;
            let Some(last) = rows.last() else { break };
            at = unsigned(last.entry_index)? + 1;
            for row in rows {
                write(writer, &entry_line(&row)?).await?;
                count += 1;
            }
        }
        write(writer, &Line::End { count }).await?;
        writer.flush().await?;
        Ok(BundleSummary { from, until, count })
    }

    pub(crate) async fn rows(&self, log: &str, from: u64, until: u64) -> Result<Vec<EntryRow>, LogError> {
        let rows = statement(
            "SELECT e.entry_index, e.month, e.header, e.leaf_hash, b.body FROM log_entries e \
             LEFT JOIN log_bodies b USING (log, month, entry_index) \
             WHERE e.log = $1 AND e.entry_index >= $2 AND e.entry_index < $3 \
             ORDER BY e.log, e.month, e.entry_index LIMIT $4",
        )
        .bind::<Text, _>(log)
        .bind::<BigInt, _>(signed(from))
        .bind::<BigInt, _>(signed(until))
        .bind::<BigInt, _>(i64::from(LARGEST_PAGE))
        .load(&mut self.connection().await?)
        .await?;
        Ok(rows)
    }
}

fn entry_line(row: &EntryRow) -> Result<Line, LogError> {
    let (version, json) = row.header.split_first().ok_or(LogError::Malformed)?;
    Ok(Line::Entry {
        index: unsigned(row.entry_index)?,
        month: Month::containing(row.month),
        version: *version,
        // Bytes that are no text were never written by the log: they show as an altered header.
        header: String::from_utf8_lossy(json).into_owned(),
        leaf_hash: hash(&row.leaf_hash)?,
        body: row.body.as_ref().map(|body| STANDARD.encode(body)),
    })
}

async fn write<W: AsyncWrite + Unpin + Send>(writer: &mut W, line: &Line) -> Result<(), LogError> {
    let mut text = serde_json::to_vec(line).map_err(std::io::Error::other)?;
    text.push(b'\n');
    writer.write_all(&text).await?;
    Ok(())
}
