//! Rhythms: each due time once, missed ones too, by one replica. Jobs: in their order, or side by side where they may.

use chrono::Duration;
use testkit::TestApp;

use crate::events::count;
use crate::service::service;

const NIGHTS: &str = "SELECT count(*) AS n FROM echoes WHERE text LIKE $1";
const TIMES: &str = "SELECT coalesce(max(times), 0)::bigint AS n FROM echoes WHERE text LIKE $1";

#[tokio::test(flavor = "multi_thread")]
async fn every_missed_night_is_made_up_for_and_none_twice() {
    let app = TestApp::of(service()).start().await;
    app.advance(Duration::zero()).await;
    app.advance(Duration::days(3)).await;
    assert_eq!(count(&app, NIGHTS, "night %").await, 3);
    app.clock.advance(Duration::days(2));
    let (a, b) = tokio::join!(app.running.run_due(), app.running.run_due());
    a.unwrap();
    b.unwrap();
    app.advance(Duration::zero()).await;
    assert_eq!(count(&app, NIGHTS, "night %").await, 5);
    assert_eq!(count(&app, TIMES, "night %").await, 1);
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn jobs_run_in_the_order_of_their_moments_and_those_that_may_side_by_side() {
    let app = TestApp::of(service()).start().await;
    let now = app.context().now();
    let queued = app.context().transaction(async |tx| {
        for place in [2_u32, 0, 1] {
            tx.enqueue("queue", &place, now + Duration::seconds(place.into())).await?;
        }
        for name in ["meet a", "meet b"] {
            tx.enqueue("meet", &name, now).await?;
        }
        Ok(())
    });
    queued.await.unwrap();
    app.advance(Duration::minutes(1)).await;
    assert_eq!(
        count(&app, "SELECT count(*) AS n FROM jobs WHERE done_at IS NOT NULL AND kind LIKE $1", "%").await,
        5
    );
    assert_eq!(
        count(&app, "SELECT count(*) AS n FROM jobs WHERE attempts > 1 AND kind LIKE $1", "%").await,
        0
    );
    app.stop().await;
}
