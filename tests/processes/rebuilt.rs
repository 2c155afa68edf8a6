//! A projection that was lost is rebuilt from its owner's replay (invariant 6).

use diesel::sql_types::Text;
use diesel::{QueryableByName, sql_query};
use diesel_async::{AsyncConnection as _, AsyncPgConnection, RunQueryDsl as _};

use crate::queries::{REGISTRY, question};
use crate::world::{Wanted, World, expect};

#[derive(QueryableByName)]
struct Line {
    #[diesel(sql_type = Text)]
    line: String,
}

async fn directory(world: &World) -> Vec<String> {
    let mut conn = AsyncPgConnection::establish(&world.database_url(REGISTRY)).await.unwrap();
    let sql = "SELECT kind || ' ' || id || ' ' || revision || ' ' || (doc - 'cause')::text AS line FROM directory ORDER BY 1";
    let lines: Vec<Line> = sql_query(sql).load(&mut conn).await.unwrap();
    lines.into_iter().map(|l| l.line).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wiped_directory_is_rebuilt_from_the_account_services_replay() {
    let Some(wanted) = Wanted::shared() else { return };
    let mut world = World::peopled(wanted).await;
    let application = world.endorsed().await;
    world.until(REGISTRY, "SELECT count(*) AS n FROM directory", world.known).await;
    let before = directory(&world).await;

    drop(world.processes.remove(REGISTRY));
    world.sql(REGISTRY, "TRUNCATE directory").await;
    world.start(REGISTRY).await;
    let refused = world.ask(&question(&application)).await;
    assert_eq!(refused.status(), 403, "it knows nobody");

    world.run("account", &["replay"]);
    world.until(REGISTRY, "SELECT count(*) AS n FROM directory", world.known).await;
    assert_eq!(directory(&world).await, before);
    expect(world.ask(&question(&application)).await, 200).await;

    // A replay onto what is there changes nothing.
    let taken = world.count(REGISTRY, "SELECT count(*) AS n FROM inbox").await;
    world.run("account", &["replay", "people"]);
    world.until(REGISTRY, "SELECT count(*) AS n FROM inbox", taken + 6).await;
    assert_eq!(directory(&world).await, before);
}
