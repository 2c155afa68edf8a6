//! What each service costs that has nothing to do: figures for `make bench`, which runs this with the other ignored ones.

use std::path::Path;
use std::time::{Duration, Instant};

use datawarden::bench::{Figure, add, resident_mb};

use crate::world::{Wanted, World};

const SERVICES: [&str; 5] = ["account", "query-registry", "audit-sampling", "retention", "console"];
/// Until whatever a start sets going has come to rest.
const REST: Duration = Duration::from_secs(10);

#[tokio::test(flavor = "multi_thread")]
#[ignore = "a measurement, which `make bench` runs"]
async fn figures_of_each_service_at_rest() {
    let wanted = Wanted::shared().expect("run by `make bench`, which starts the servers");
    let mut world = World::peopled(wanted).await;
    for service in ["retention", "console"] {
        world.prepare(service).await;
    }
    for service in SERVICES {
        if !world.processes.contains_key(service) {
            world.start(service).await;
        }
    }
    let mut figures = vec![];
    for service in SERVICES {
        let before = world.processes.remove(service).unwrap();
        assert!(before.stop().success());
        let begun = Instant::now();
        world.start(service).await;
        let seconds = begun.elapsed().as_secs_f64();
        let name = format!("{service} as a process: start to ready, existing database");
        figures.push(Figure::lower(&name, seconds, "s", 1.0));
    }
    tokio::time::sleep(REST).await;
    for service in SERVICES {
        let name = format!("{service} as a process: memory at rest");
        let memory = resident_mb(world.processes[service].id()).unwrap();
        figures.push(Figure::lower(&name, memory, "MB", 64.0));
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    add(&root.join("target/bench.json"), &figures).unwrap();
}
