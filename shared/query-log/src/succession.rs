//! How a log ends and another goes on: with its own name, checkpoints and keys. Its first entry names how the one before ended,
//! and so does an entry of the governance log. Two persons accept it ([`Anchors::accepts`](crate::Anchors::accepts)), for one of
//! two reasons: the end of the log is nowhere any more, so that a later entry would take the place of one that was proved
//! to somebody; or its successor is to sign with another key ([`QueryLog::rotate`]).
//!
//! In an order in which each step may be repeated after a crash: a loss is noted ([`QueryLog::loss`]) → accepted → the database
//! ends the log → the governance log has it.

use std::ops::ControlFlow;

use diesel::QueryableByName;
use diesel::sql_types::{BigInt, Binary, Nullable, Text, Timestamptz};
use diesel_async::{AsyncPgConnection, RunQueryDsl as _};
use kernel::{Instant, canonical};
use serde::{Deserialize, Serialize};
use statement::statement;
use transparency::Hash;

use crate::entry::{Head, NewEntry};
use crate::error::LogError;
use crate::expiry::refused;
use crate::header::{Header, Kind, MonthRange};
use crate::log::QueryLog;
use crate::month::Month;
use crate::reading::{hash, signed, unsigned};
use crate::standing;
use crate::{GOVERNANCE, SUCCESSION};

/// Digest of a succession's entry that names the ending.
const ENDING: &str = "ending";

/// How a log ended: what is left of it, and what was signed. Entries from `size` to `known_size` - 1 are lost, if any.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Ending {
    /// The log.
    pub log: String,
    /// Entries that are left.
    pub size: u64,
    /// Root of the tree over them.
    pub root_hash: Hash,
    /// Entries under the largest head that was signed, as far as anybody knows.
    pub known_size: u64,
    /// Its root.
    pub known_root: Hash,
}

impl Ending {
    /// SHA-256 of the line `datawarden/log-ending/v1` and the ending as RFC 8785 JSON, hexadecimal: what two persons accept of a
    /// loss.
    pub fn digest(&self) -> String {
        let json = canonical::bytes(self).unwrap_or_default();
        canonical::sha256_hex(&[b"datawarden/log-ending/v1\n".as_slice(), &json].concat())
    }

    /// How many entries are lost.
    pub fn lost(&self) -> u64 {
        self.known_size.saturating_sub(self.size)
    }

    /// The log that begins behind it.
    pub fn successor(&self) -> String {
        successor(&self.log)
    }

    /// The entry that says so: the first of the successor, and one of the governance log.
    pub(crate) fn entry(&self, at: Instant) -> Result<NewEntry, LogError> {
        let range = MonthRange {
            log: self.log.clone(),
            month: Month::of(at),
            first: self.size,
            last: self.known_size.checked_sub(1).ok_or(LogError::Malformed)?,
            count: self.lost(),
            root: self.known_root,
        };
        let digest = self.digest().parse().map_err(|_| LogError::Malformed)?;
        Ok(NewEntry {
            action: Some(SUCCESSION.to_owned()),
            range: Some(range),
            digests: [(ENDING.to_owned(), digest)].into(),
            ..NewEntry::new(Kind::Governance, at)
        })
    }

    fn is_told_by(&self, header: &Header) -> bool {
        let digest = header.digests.get(ENDING).map(ToString::to_string);
        header.action.as_deref() == Some(SUCCESSION) && digest == Some(self.digest())
    }
}

/// The first log of the line that `log` belongs to, which names its retention class: `three-year` of `three-year-2`.
pub fn line(log: &str) -> &str {
    line_and_place(log).0
}

/// The log that would go on where `log` ended: `three-year-2` after `three-year`.
pub fn successor(log: &str) -> String {
    let (first, place) = line_and_place(log);
    format!("{first}-{}", place + 1)
}

/// Whether it is what a successor begins with: its own word, and no act of the governance log.
pub(crate) fn opens(header: &Header) -> bool {
    header.index == 0 && line(&header.log) != header.log
}

fn line_and_place(log: &str) -> (&str, u32) {
    let parts = log.rsplit_once('-').and_then(|(first, place)| Some((first, place.parse().ok()?)));
    parts.unwrap_or((log, 1))
}

/// How a log ended, or may end: since when, if it did.
#[derive(QueryableByName)]
pub(crate) struct EndingRow {
    #[diesel(sql_type = Text)]
    log: String,
    #[diesel(sql_type = BigInt)]
    size: i64,
    #[diesel(sql_type = Binary)]
    root_hash: Vec<u8>,
    #[diesel(sql_type = BigInt)]
    known_size: i64,
    #[diesel(sql_type = Binary)]
    known_root: Vec<u8>,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    since: Option<Instant>,
}

impl EndingRow {
    fn ending(&self) -> Result<Ending, LogError> {
        Ok(Ending {
            log: self.log.clone(),
            size: unsigned(self.size)?,
            root_hash: hash(&self.root_hash)?,
            known_size: unsigned(self.known_size)?,
            known_root: hash(&self.known_root)?,
        })
    }
}

/// How logs ended.
async fn ended(connection: &mut AsyncPgConnection) -> Result<Vec<EndingRow>, LogError> {
    let sql =
        "SELECT log, size, root_hash, known_size, known_root, since FROM log_successions ORDER BY since, log";
    Ok(statement(sql).load(connection).await?)
}

/// What `log` ended with, and what it begins behind.
pub(crate) async fn ends_of(
    connection: &mut AsyncPgConnection,
    log: &str,
) -> Result<(Option<Ending>, Option<Ending>), LogError> {
    let (mut own, mut before) = (None, None);
    for row in ended(connection).await? {
        let ending = row.ending()?;
        if ending.log == log {
            own = Some(ending);
        } else if ending.successor() == log {
            before = Some(ending);
        }
    }
    Ok((own, before))
}

impl QueryLog {
    /// What `log` lost, if anything: the head that the database has, compared with what was signed, published, and is held by
    /// others. It is noted, so that it can be accepted. Of a log that ended: what it ended with.
    pub async fn loss(&self, log: &str) -> Result<Option<Ending>, LogError> {
        if let (Some(ended), _) = ends_of(&mut *self.connection().await?, log).await? {
            return Ok(Some(ended));
        }
        let Some(ending) = self.lost_now(log).await? else { return Ok(None) };
        let mut connection = self.connection().await?;
        statement("SELECT log_create($1)").bind::<Text, _>(log).execute(&mut connection).await?;
        statement("INSERT INTO log_endings VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING")
            .bind::<Text, _>(&ending.log)
            .bind::<BigInt, _>(signed(ending.size))
            .bind::<Binary, _>(ending.root_hash.0.to_vec())
            .bind::<BigInt, _>(signed(ending.known_size))
            .bind::<Binary, _>(ending.known_root.0.to_vec())
            .execute(&mut connection)
            .await?;
        Ok(Some(ending))
    }

    async fn lost_now(&self, log: &str) -> Result<Option<Ending>, LogError> {
        let head = self.head(log).await?;
        let authority = &self.inner.authority;
        let mut known = standing::signed_heads(&mut *self.connection().await?, authority, log).await?;
        known.extend(standing::held_heads(authority, log).await?);
        let (lost, kept): (Vec<Head>, Vec<Head>) =
            known.into_iter().partition(|known| known.size > head.size);
        for known in kept {
            standing::check(&mut *self.connection().await?, &head, &known).await?;
        }
        Ok(lost.into_iter().max_by_key(|known| known.size).map(|known| Ending {
            log: head.log,
            size: head.size,
            root_hash: head.root_hash,
            known_size: known.size,
            known_root: known.root_hash,
        }))
    }

    /// Ends each log whose loss was noted and accepted, and begins its successor; takes up what another replica ended. Gives
    /// the endings that are new to this process. To be called again and again: a failure midway is made up for.
    pub async fn succeed(&self) -> Result<Vec<Ending>, LogError> {
        for ending in self.acceptable().await? {
            if self.inner.authority.accepts(&ending).await? && self.covers(&ending).await? {
                self.end_with(&ending).await?;
            }
        }
        let ended = ended(&mut *self.connection().await?).await?;
        let mut endings =
            ended.iter().map(|row| Ok((row.ending()?, row.since))).collect::<Result<Vec<_>, LogError>>()?;
        // The governance log's own before those that it is told of.
        endings.sort_by_key(|(ending, _)| line(&ending.log) != GOVERNANCE);
        let mut news = vec![];
        for (ending, since) in endings {
            // Whoever can write to the database can say that a log ended: nobody goes on behind that.
            if self.knows(&ending) || !self.inner.authority.accepts(&ending).await? {
                continue;
            }
            self.begin(&ending);
            self.tell(&ending, since.unwrap_or(self.now())).await?;
            self.know(&ending);
            news.push(ending);
        }
        Ok(news)
    }

    /// Noted losses of logs that are as they were then.
    async fn acceptable(&self) -> Result<Vec<Ending>, LogError> {
        let rows: Vec<EndingRow> = statement(
            "SELECT log, size, root_hash, known_size, known_root, NULL::timestamptz AS since \
             FROM log_endings l JOIN log_heads USING (log, size, root_hash) WHERE known_size > size \
             AND NOT EXISTS (SELECT FROM log_successions s WHERE s.log = l.log) ORDER BY log, known_size DESC",
        )
        .load(&mut self.connection().await?)
        .await?;
        rows.iter().map(EndingRow::ending).collect()
    }

    /// Whether nobody holds more of the log than was accepted as lost, and something is lost at all.
    async fn covers(&self, accepted: &Ending) -> Result<bool, LogError> {
        let Some(now) = self.lost_now(&accepted.log).await? else { return Ok(false) };
        let covered = now.known_size < accepted.known_size || now == *accepted;
        if !covered {
            tracing::error!(
                log = now.log,
                known = now.known_size,
                accepted = accepted.known_size,
                "more of the query log is known than was accepted as lost"
            );
        }
        Ok(covered)
    }

    async fn end_with(&self, ending: &Ending) -> Result<(), LogError> {
        let succeed = statement("SELECT log_succeed($1, $2, $3, $4, $5, $6, $7)")
            .bind::<Text, _>(&ending.log)
            .bind::<Text, _>(ending.successor())
            .bind::<BigInt, _>(signed(ending.size))
            .bind::<Binary, _>(ending.root_hash.0.to_vec())
            .bind::<BigInt, _>(signed(ending.known_size))
            .bind::<Binary, _>(ending.known_root.0.to_vec())
            .bind::<Timestamptz, _>(self.now());
        let done = succeed.execute(&mut self.connection().await?).await;
        done.map(drop).map_err(refused)
    }

    /// Enters the succession in the governance log, if it is not there; that log may itself be a successor.
    async fn tell(&self, ending: &Ending, since: Instant) -> Result<(), LogError> {
        let governance = self.current(GOVERNANCE);
        let told = |header: Header| {
            let it = !opens(&header) && ending.is_told_by(&header);
            if it { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        };
        if self.acts_since(&governance, since, told).await?.is_some() {
            return Ok(());
        }
        self.append(&governance, ending.entry(self.now())?).await.map(drop)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ending(log: &str) -> Ending {
        let root = Hash([7; 32]);
        Ending { log: log.to_owned(), size: 5, root_hash: root, known_size: 8, known_root: root }
    }

    #[test]
    fn successors_are_counted_in_their_line() {
        assert_eq!(ending("three-year").successor(), "three-year-2");
        assert_eq!(ending("three-year-2").successor(), "three-year-3");
        assert_eq!(
            (line("three-year"), line("three-year-12"), line("governance-2")),
            ("three-year", "three-year", "governance")
        );
    }

    #[test]
    fn the_digest_names_all_of_the_ending() {
        let one = ending("three-year");
        assert_eq!(one.digest(), "39c9b87e24f1560c6ab02f57121c34862427744bb339b34d9eaa405b2a893afc");
        let others = [
            ending("five-year"),
            Ending { size: 4, ..one.clone() },
            Ending { known_size: 9, ..one.clone() },
            Ending { root_hash: Hash([8; 32]), ..one.clone() },
            Ending { known_root: Hash([8; 32]), ..one.clone() },
        ];
        assert!(others.iter().all(|other| other.digest() != one.digest()));
    }
}
