//! The one statement that appends a batch and moves the fenced head with it.

use chrono::NaiveDate;
use diesel::pg::Pg;
use diesel::query_builder::{AstPass, QueryFragment, QueryId};
use diesel::result::QueryResult;
use diesel::sql_types::{
    Array, BigInt, Binary, Date, Nullable, SmallInt, Text, Timestamptz, Uuid as SqlUuid,
};
use kernel::Instant;
use uuid::Uuid;

use crate::sequencer::NodeColumns;

/// A batch in columns. Executing it gives the number of entries; 0 = the head was moved by someone else, nothing done.
#[derive(Default)]
pub(crate) struct AppendBatch {
    pub log: String,
    pub epoch: i64,
    pub month: NaiveDate,
    pub month_first: i64,
    pub old_size: i64,
    pub subject_generation: i64,
    pub new_size: i64,
    pub new_root: Vec<u8>,
    pub new_edge: Vec<u8>,
    pub recorded_at: Instant,
    pub index: Vec<i64>,
    pub kind: Vec<&'static str>,
    pub occurred_at: Vec<Instant>,
    pub agency: Vec<Option<Uuid>>,
    pub agency_seq: Vec<Option<i64>>,
    pub account: Vec<Option<Vec<u8>>>,
    pub account_seq: Vec<Option<i64>>,
    pub application: Vec<Option<Uuid>>,
    pub query: Vec<Option<Uuid>>,
    pub closes: Vec<Option<i64>>,
    pub header: Vec<Vec<u8>>,
    pub leaf: Vec<Vec<u8>>,
    pub nodes: NodeColumns,
    pub body_index: Vec<i64>,
    pub body: Vec<Vec<u8>>,
    pub subject_index: Vec<i64>,
    pub subject: Vec<Vec<u8>>,
}

impl QueryId for AppendBatch {
    type QueryId = Self;
    const HAS_STATIC_QUERY_ID: bool = true;
}

impl<C> diesel::RunQueryDsl<C> for AppendBatch {}

impl QueryFragment<Pg> for AppendBatch {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql("WITH moved AS (UPDATE log_heads SET size = ");
        out.push_bind_param::<BigInt, _>(&self.new_size)?;
        out.push_sql(", root_hash = ");
        out.push_bind_param::<Binary, _>(&self.new_root)?;
        out.push_sql(", edge = ");
        out.push_bind_param::<Binary, _>(&self.new_edge)?;
        out.push_sql(", last_at = ");
        out.push_bind_param::<Timestamptz, _>(&self.recorded_at)?;
        out.push_sql(", month = ");
        out.push_bind_param::<Date, _>(&self.month)?;
        out.push_sql(", month_first = ");
        out.push_bind_param::<BigInt, _>(&self.month_first)?;
        out.push_sql(" WHERE log = ");
        out.push_bind_param::<Text, _>(&self.log)?;
        out.push_sql(" AND size = ");
        out.push_bind_param::<BigInt, _>(&self.old_size)?;
        out.push_sql(" AND epoch = ");
        out.push_bind_param::<BigInt, _>(&self.epoch)?;
        out.push_sql(
            " RETURNING log, month, last_at), bodies AS (INSERT INTO log_bodies (log, month, entry_index, body) \
             SELECT m.log, m.month, b.entry_index, b.body FROM moved m, unnest(",
        );
        out.push_bind_param::<Array<BigInt>, _>(&self.body_index)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<Binary>, _>(&self.body)?;
        out.push_sql(
            ") AS b (entry_index, body)), subjects AS (INSERT INTO log_subjects (log, month, generation, entry_index, \
             subject_hash) SELECT m.log, m.month, ",
        );
        out.push_bind_param::<BigInt, _>(&self.subject_generation)?;
        out.push_sql(", s.entry_index, s.subject FROM moved m, unnest(");
        out.push_bind_param::<Array<BigInt>, _>(&self.subject_index)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<Binary>, _>(&self.subject)?;
        out.push_sql(
            ") AS s (entry_index, subject)), nodes AS (INSERT INTO log_nodes (log, level, node_index, hash) \
             SELECT m.log, n.* FROM moved m, unnest(",
        );
        out.push_bind_param::<Array<SmallInt>, _>(&self.nodes.level)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<BigInt>, _>(&self.nodes.index)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<Binary>, _>(&self.nodes.hash)?;
        out.push_sql(
            ") AS n) INSERT INTO log_entries (log, month, recorded_at, entry_index, kind, \
             occurred_at, agency_id, agency_seq, account, account_seq, application_id, query_id, closes, header, \
             leaf_hash) SELECT m.log, m.month, m.last_at, e.* FROM moved m, unnest(",
        );
        self.entry_columns(&mut out)?;
        out.push_sql(") AS e");
        Ok(())
    }
}

impl AppendBatch {
    fn entry_columns<'b>(&'b self, out: &mut AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_bind_param::<Array<BigInt>, _>(&self.index)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<Text>, _>(&self.kind)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<Timestamptz>, _>(&self.occurred_at)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<Nullable<SqlUuid>>, _>(&self.agency)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<Nullable<BigInt>>, _>(&self.agency_seq)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<Nullable<Binary>>, _>(&self.account)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<Nullable<BigInt>>, _>(&self.account_seq)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<Nullable<SqlUuid>>, _>(&self.application)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<Nullable<SqlUuid>>, _>(&self.query)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<Nullable<BigInt>>, _>(&self.closes)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<Binary>, _>(&self.header)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<Binary>, _>(&self.leaf)
    }
}
