//! SQL statements that PostgreSQL parses once per connection, and JSON without detours.
//!
//! [`diesel::sql_query`] takes every text for a new one: PostgreSQL parses and plans it each time, and the driver makes
//! a round trip more for that. The suite's statements are few and fixed, so each connection keeps them prepared.

mod json;

use diesel::pg::Pg;
use diesel::query_builder::{AstPass, BoxedSqlQuery, Query, QueryFragment, QueryId, SqlQuery};
use diesel::result::QueryResult;
use diesel::serialize::ToSql;
use diesel::sql_types::{HasSqlType, Untyped};

pub use json::Json;

/// What every lasting connection says first: PostgreSQL ends the session of a client that is gone without a word (its
/// machine or its network is) within twenty seconds instead of two hours. Until then that session keeps what it holds.
pub const NOTICE_DEAD_CLIENTS: &str = "SET tcp_keepalives_idle = 5; SET tcp_keepalives_interval = 2; \
     SET tcp_keepalives_count = 3; SET tcp_user_timeout = 10000";

/// A statement with the values bound so far; executed and loaded as diesel's own.
#[must_use = "a statement runs when it is executed or loaded"]
#[expect(missing_debug_implementations, reason = "values may be personal")]
pub struct Statement<'f>(BoxedSqlQuery<'f, Pg, SqlQuery>);

/// A statement with `$1, $2, …` for its values. Texts must come from a bounded set: each stays prepared for as long as
/// the connection lives.
pub fn statement<'f>(text: impl Into<String>) -> Statement<'f> {
    Statement(diesel::sql_query(text).into_boxed())
}

impl<'f> Statement<'f> {
    /// Binds the next value as SQL type `T`.
    pub fn bind<T, V>(self, value: V) -> Self
    where
        Pg: HasSqlType<T>,
        V: ToSql<T, Pg> + Send + 'f,
        T: Send + 'f,
    {
        Self(self.0.bind::<T, V>(value))
    }
}

impl QueryFragment<Pg> for Statement<'_> {
    fn walk_ast<'b>(&'b self, out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        self.0.walk_ast(out)
    }

    fn is_safe_to_cache_prepared(&self, _: &Pg) -> QueryResult<bool> {
        Ok(true)
    }
}

impl QueryId for Statement<'_> {
    type QueryId = ();
    // Kept by text, not by type.
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl Query for Statement<'_> {
    type SqlType = Untyped;
}
