//! Rhythms: each due time once, missed ones too, by one replica.

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
