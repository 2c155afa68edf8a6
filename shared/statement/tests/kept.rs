//! Each connection prepares a statement once, with values of every call.

use dev_servers::{Postgres, PostgresOptions};
use diesel::QueryableByName;
use diesel::sql_types::{BigInt, Text};
use diesel_async::{AsyncConnection as _, AsyncPgConnection, RunQueryDsl as _};
use statement::statement;

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = BigInt)]
    n: i64,
}

#[tokio::test(flavor = "multi_thread")]
async fn a_statement_is_prepared_once_and_takes_new_values_each_time() {
    let folder = tempfile::tempdir().unwrap();
    let postgres = Postgres::start(folder.path(), &PostgresOptions::throwaway()).unwrap();
    let url = postgres.create_database("statements").unwrap();
    let mut conn = AsyncPgConnection::establish(&url).await.unwrap();
    for n in 1..=20_i64 {
        let row: Row = statement("SELECT $1 + length($2) AS n")
            .bind::<BigInt, _>(n)
            .bind::<Text, _>("four")
            .get_result(&mut conn)
            .await
            .unwrap();
        assert_eq!(row.n, n + 4);
    }
    let count =
        "SELECT count(*) AS n FROM pg_prepared_statements WHERE statement = 'SELECT $1 + length($2) AS n'";
    let kept: Row = diesel::sql_query(count).get_result(&mut conn).await.unwrap();
    assert_eq!(kept.n, 1, "one statement, prepared once");
}
