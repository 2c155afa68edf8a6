//! What the registers hold of one query's personal values, and their end (invariant 8).

use chassis::document::{self, Filter};
use chassis::{Result, Stored, Tx};
use diesel::sql_types::{Text, Uuid as SqlUuid};
use diesel_async::RunQueryDsl as _;
use kernel::ids::QueryId;
use query_log::SealedValue;
use query_registry_types::PersonalText;
use serde::{Deserialize, Serialize};
use statement::statement;

use crate::contents;
use crate::domain::application::QueryApplication;
use crate::domain::copying::CopyRequest;
use crate::erasing::placeholder;
use crate::state::{self, Registry};
use crate::store::records;

/// Requests for copies of one query at most.
const MOST: i64 = 10_000;
/// A salt that is none: whoever guesses what was signed can no longer check his guess.
const NO_SALT: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// Statements that overwrite; `$1` the query, `$2` what stands there instead. Keyed hashes go too: whoever holds the
/// register's key can try all ids.
const OVERWRITES: [&str; 4] = [
    "UPDATE query_records SET subject = $2 WHERE id = $1 AND subject <> $2",
    "UPDATE import_lines SET line_key = $2, sealed = NULL WHERE query_id = $1 AND line_key <> $2",
    "UPDATE platform_lines SET line_key = $2, subject = $2 WHERE query_id = $1 AND line_key <> $2",
    "UPDATE control_items SET doc = jsonb_set(doc, '{sealed}', 'null'), version = version + 1 \
     WHERE doc->'queries' ? $1::text AND doc->'sealed' <> 'null' AND $2 <> ''",
];

/// What was overwritten.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Overwritten {
    /// Rows.
    pub rows: i64,
    /// The places of the keys under which it stood, to be destroyed: copies of the row may be left.
    pub values: Vec<SealedValue>,
}

/// Overwrites the personal values that the registers hold of `query`.
pub async fn overwrite(tx: &mut Tx, registry: &Registry, query: QueryId) -> Result<Overwritten> {
    let Some(record) = records::find(tx.conn(), query).await? else { return Ok(Overwritten::default()) };
    let (mut rows, mut values) = (0, vec![]);
    if let Some(application) = record.application {
        let mut stored = tx.load::<QueryApplication>(application).await?;
        let before = take_out(tx, registry, &mut stored.doc, &record.subject).await?;
        values.push(SealedValue { value: String::new(), ..before });
        tx.update(&stored).await?;
        rows += 1;
    }
    let copies: Vec<Stored<CopyRequest>> =
        document::select(tx.conn(), Filter::all().eq("query_id", query.0), MOST).await?;
    for mut copy in copies {
        copy.doc.reason = registry.register.seal("")?;
        tx.update(&copy).await?;
        rows += 1;
    }
    for text in OVERWRITES {
        let overwrite = statement(text).bind::<SqlUuid, _>(query.0).bind::<Text, _>(placeholder(query));
        rows += i64::try_from(overwrite.execute(tx.conn()).await?).unwrap_or(i64::MAX);
    }
    Ok(Overwritten { rows, values })
}

/// Takes the person out of an application. Reason and remarks stay only as long as other persons' queries rest on them;
/// the salt goes at once, and with it what the endorsements' digests could tell. Gives the content as it was, sealed.
async fn take_out(
    tx: &mut Tx,
    registry: &Registry,
    application: &mut QueryApplication,
    subject: &str,
) -> Result<SealedValue> {
    let context = tx.context();
    let mut content = contents::open(&mut registry.values.reader(), &application.content).await?;
    // As typed: it is the parsed id that was hashed.
    let is_it = |typed: &PersonalText| {
        let id = state::national_id(&context, typed.expose(), "");
        id.is_ok_and(|id| registry.subjects.hash(id.expose()) == subject)
    };
    content.persons.retain(|person| !is_it(person));
    NO_SALT.clone_into(&mut content.salt);
    application.subjects.remove(subject);
    if content.persons.is_empty() {
        content.reason = "".into();
        content.remarks = None;
        if let Some(returned) = &mut application.returned {
            returned.reason = registry.register.seal("")?;
        }
    }
    let sealed = contents::seal(tx, &registry.values, application.date, &content).await?;
    Ok(std::mem::replace(&mut application.content, sealed))
}
