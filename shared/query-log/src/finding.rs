//! Finding entries. The statement is made of the filters that are set, each of which has its index in every month, and
//! walks from the cursor on, a few months at first: what it reads grows with the page and the months that it must look
//! into, not with the log.

use std::ops::ControlFlow;

use chrono::NaiveDate;
use diesel::sql_types::{Array, BigInt, Binary, Date, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use diesel::{QueryResult, QueryableByName};
use diesel_async::{AsyncPgConnection, RunQueryDsl as _};
use kernel::{Instant, Personal};
use statement::statement;
use uuid::Uuid;

use crate::entry::{Entry, Filter, Page};
use crate::error::LogError;
use crate::header::{Header, Kind};
use crate::keys::{self, KeyError};
use crate::log::QueryLog;
use crate::month::Month;
use crate::reading::{EntryRow, signed, unsigned};

/// Most entries of one page.
pub(crate) const LARGEST_PAGE: u32 = 1_000;
/// How many times as many months are looked into next, while the page is not full: most pages lie in one month.
const MORE_MONTHS: usize = 4;

/// Where in a month entries of a page can stand.
#[derive(Clone, Copy)]
struct Span {
    month: NaiveDate,
    low: i64,
    high: i64,
}

/// A span, and under which hashes account and subject stand there.
struct Place {
    span: Span,
    account: Option<Vec<u8>>,
    subject: Option<Vec<u8>>,
}

#[derive(QueryableByName)]
struct Found {
    #[diesel(sql_type = BigInt)]
    place: i64,
}

impl QueryLog {
    /// Shows `visit` the governance entries of `log` recorded since then, in order, until it breaks; gives what it broke with.
    pub async fn acts_since<T>(
        &self,
        log: &str,
        since: Instant,
        mut visit: impl FnMut(Header) -> ControlFlow<T>,
    ) -> Result<Option<T>, LogError> {
        let filter = Filter { kinds: vec![Kind::Governance], from: Some(since), ..Filter::default() };
        let mut after = None;
        loop {
            let page = self.find(log, &filter, after, LARGEST_PAGE).await?;
            for entry in page.entries {
                if let ControlFlow::Break(found) = visit(entry.header) {
                    return Ok(Some(found));
                }
            }
            after = page.next;
            if after.is_none() {
                return Ok(None);
            }
        }
    }

    /// Entries of `log` that fit `filter`, in order, those after index `after`; at most `limit` (1–1,000).
    pub async fn find(
        &self,
        log: &str,
        filter: &Filter,
        after: Option<u64>,
        limit: u32,
    ) -> Result<Page, LogError> {
        self.handle(log)?;
        let limit = limit.clamp(1, LARGEST_PAGE);
        let wanted = usize::try_from(limit).unwrap_or_default();
        let spans = self.spans(log, filter, after).await?;
        let (mut spans, mut months) = (spans.as_slice(), 1);
        let mut rows: Vec<EntryRow> = vec![];
        while rows.len() < wanted && !spans.is_empty() {
            let (next, rest) = spans.split_at(months.min(spans.len()));
            let mut places = vec![];
            for span in next {
                places.extend(self.hashed(log, filter, *span).await?);
            }
            rows.extend(rows_at(&mut *self.connection().await?, log, filter, places, limit).await?);
            spans = rest;
            months *= MORE_MONTHS;
        }
        rows.truncate(wanted);
        let full = rows.len() == wanted;
        let next = if full { rows.last().map(|row| unsigned(row.entry_index)).transpose()? } else { None };
        Ok(Page { entries: rows.into_iter().map(Entry::try_from).collect::<Result<_, _>>()?, next })
    }

    /// The months that can hold entries of the page, in order, each with the indexes that count in it.
    async fn spans(&self, log: &str, filter: &Filter, after: Option<u64>) -> Result<Vec<Span>, LogError> {
        let months = self.months(log).await?;
        let ends = months.iter().skip(1).map(|next| next.first_index).chain([i64::MAX]);
        let after = after.map_or(-1, signed);
        let mut spans = Vec::new();
        for (row, end) in months.iter().zip(ends) {
            let month = Month::containing(row.month);
            let outside = filter.from.is_some_and(|at| month < Month::of(at))
                || filter.until.is_some_and(|at| month > Month::of(at));
            if outside || row.dropped_by_order.is_some() || end - 1 <= after {
                continue;
            }
            let (mut low, mut high) = (row.first_index, end);
            for (at, edge) in [(filter.from, &mut low), (filter.until, &mut high)] {
                if let Some(at) = at.filter(|at| Month::of(*at) == month) {
                    *edge = self.first_at(log, month, (row.first_index, end), at).await?;
                }
            }
            low = low.max(after + 1);
            if low < high {
                spans.push(Span { month: row.month, low, high });
            }
        }
        Ok(spans)
    }

    /// A span once for each hash of the subject: while an erasure writes the subject index anew, a subject has two. A month
    /// whose data key was destroyed is not searched by account or subject.
    async fn hashed(&self, log: &str, filter: &Filter, span: Span) -> Result<Vec<Place>, LogError> {
        if filter.account.is_none() && filter.subject.is_none() {
            return Ok(vec![Place { span, account: None, subject: None }]);
        }
        let keys = match self.month_keys(log, Month::containing(span.month)).await {
            Err(LogError::Key(KeyError::Destroyed { .. })) => return Ok(vec![]),
            keys => keys?,
        };
        let account = filter.account.map(|account| keys::pseudonym(keys.pseudonym(), account).0.to_vec());
        let subjects = match &filter.subject {
            Some(subject) => keys.subjects(subject.expose()).map(|hash| Some(hash.0.to_vec())).collect(),
            None => vec![None],
        };
        let under = |subject| Place { span, account: account.clone(), subject };
        Ok(subjects.into_iter().map(under).collect())
    }

    /// The first index of a month, within `low..high`, that was recorded at or after `at`; `high` or the head if none was.
    /// Entries are in the order of their times: some twenty look-ups of one row each.
    async fn first_at(
        &self,
        log: &str,
        month: Month,
        (low, high): (i64, i64),
        at: Instant,
    ) -> Result<i64, LogError> {
        let found: Found = statement(
            "WITH RECURSIVE search (low, high) AS ( \
               SELECT $3, least($4, (SELECT size FROM log_heads WHERE log = $1)) \
               UNION ALL \
               SELECT CASE WHEN e.recorded_at < $5 THEN e.entry_index + 1 ELSE s.low END, \
                      CASE WHEN e.recorded_at < $5 THEN s.high ELSE e.entry_index END \
               FROM search s CROSS JOIN LATERAL (SELECT entry_index, recorded_at FROM log_entries \
                 WHERE log = $1 AND month = $2 AND entry_index = (s.low + s.high) / 2) e \
               WHERE s.low < s.high) \
             SELECT low AS place FROM search WHERE low >= high",
        )
        .bind::<Text, _>(log)
        .bind::<Date, _>(month.first_day())
        .bind::<BigInt, _>(low)
        .bind::<BigInt, _>(high)
        .bind::<Timestamptz, _>(at)
        .get_result(&mut self.connection().await?)
        .await?;
        Ok(found.place)
    }
}

/// The first entries at these places, in order, at most `limit`.
async fn rows_at(
    connection: &mut AsyncPgConnection,
    log: &str,
    filter: &Filter,
    mut places: Vec<Place>,
    limit: u32,
) -> QueryResult<Vec<EntryRow>> {
    let mut take = |part: fn(&mut Place) -> Option<Vec<u8>>| places.iter_mut().map(part).collect::<Vec<_>>();
    let accounts = take(|place| place.account.take());
    let subjects = take(|place| place.subject.take());
    let kinds: Vec<&str> = filter.kinds.iter().map(|kind| kind.as_str()).collect();
    let applications: Vec<Uuid> = filter.applications.iter().map(|id| id.0).collect();
    statement(text(filter, limit))
        .bind::<Text, _>(log)
        .bind::<Array<Date>, _>(places.iter().map(|place| place.span.month).collect::<Vec<_>>())
        .bind::<Array<BigInt>, _>(places.iter().map(|place| place.span.low).collect::<Vec<_>>())
        .bind::<Array<BigInt>, _>(places.iter().map(|place| place.span.high).collect::<Vec<_>>())
        .bind::<Array<Nullable<Binary>>, _>(accounts)
        .bind::<Array<Nullable<Binary>>, _>(subjects)
        .bind::<BigInt, _>(i64::from(limit))
        .bind::<Nullable<SqlUuid>, _>(filter.agency.map(|id| id.0))
        .bind::<Array<SqlUuid>, _>(applications)
        .bind::<Nullable<SqlUuid>, _>(filter.query.map(|id| id.0))
        .bind::<Array<Text>, _>(kinds)
        .load(connection)
        .await
}

/// Has the server learn over `connection` what months there are: the first statement over them waits for that, some 30 ms
/// for three years, and no reader has to. What goes wrong here goes wrong where somebody reads, too.
pub(crate) async fn learn_months(connection: &mut AsyncPgConnection) {
    let every_table = Filter { subject: Some(Personal::new(String::new())), ..Filter::default() };
    if let Err(error) = rows_at(connection, "", &every_table, vec![], 1).await {
        tracing::debug!(%error, "a reading connection could not look ahead");
    }
}

/// The statement for the filters that are set. Bodies are looked up for the rows of the page alone. How many rows a month is
/// asked for stands in the text, rounded up so that texts stay few: of a parameter the planner would take it for a tenth
/// of the month. What lies past the end is left out of those rows: of a range without known ends the planner expects so
/// little that it reads all of it and sorts.
fn text(filter: &Filter, limit: u32) -> String {
    let is_narrowed = filter.account.is_some()
        || filter.agency.is_some()
        || !filter.applications.is_empty()
        || filter.query.is_some();
    let subjects = " JOIN log_subjects s ON s.log = e.log AND s.month = e.month AND s.entry_index = e.entry_index \
        AND s.log = $1 AND s.month = w.month AND s.subject_hash = w.subject";
    // By the expression that the indexes hold the primary key is no way, which would read all that others did.
    let (index, subjects) = match (&filter.subject, is_narrowed) {
        (Some(_), _) => ("s.entry_index", subjects),
        (None, true) => ("(e.entry_index + 0)", ""),
        (None, false) => ("e.entry_index", ""),
    };
    let wanted: String = [
        (filter.account.is_some(), " AND e.account = w.account"),
        (filter.agency.is_some(), " AND e.agency_id = $8"),
        (!filter.applications.is_empty(), " AND e.application_id = ANY($9)"),
        (filter.query.is_some(), " AND e.query_id = $10"),
        (!filter.kinds.is_empty(), " AND e.kind = ANY($11)"),
    ]
    .into_iter()
    .filter_map(|(is_set, clause)| is_set.then_some(clause))
    .collect();
    format!(
        "SELECT p.*, (SELECT b.body FROM log_bodies b \
           WHERE b.log = $1 AND b.month = p.month AND b.entry_index = p.entry_index) AS body \
         FROM (SELECT DISTINCT ON (e.month, e.entry_index) e.* \
           FROM unnest($2, $3, $4, $5, $6) AS w (month, low, high, account, subject) CROSS JOIN LATERAL ( \
             SELECT e.entry_index, e.month, e.header, e.leaf_hash FROM log_entries e{subjects} \
             WHERE e.log = $1 AND e.month = w.month AND {index} >= w.low{wanted} \
             ORDER BY {index} LIMIT {most}) e \
           WHERE e.entry_index < w.high ORDER BY e.month, e.entry_index LIMIT $7) p ORDER BY p.month, p.entry_index",
        most = limit.next_power_of_two(),
    )
}
