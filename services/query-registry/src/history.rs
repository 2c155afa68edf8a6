//! Log months that lie years back, for the sample city: what retention has to end is there from the first day.
//!
//! The sequencer dates entries by the service's clock, never by the caller, and months only follow one another. Start
//! the service for the first time with a `kernel::SimulatedClock` at the oldest month, call [`load`] once for each
//! month and log, oldest first, and move the clock on between: everything goes through the normal append.

use chassis::{Context, Result};
use kernel::Personal;
use query_log::{Kind, NewEntry, SUBJECT};

use crate::gate;
use crate::state::Registry;

/// Appends `count` sample entries to `log` at the moment that it is now in business time.
pub async fn load(context: &Context, log: &str, count: u32) -> Result<()> {
    let registry = context.state::<Registry>();
    for number in 0..count {
        let now = context.now();
        let mut entry = NewEntry::new(Kind::Refusal, now);
        entry.query = Some(context.random().id(now));
        entry.decision = Some("refused".to_owned());
        entry.action = Some("sample".to_owned());
        entry.personal.insert(SUBJECT.to_owned(), Personal::new(format!("sample-{number}")));
        gate::append(&registry, log, entry).await?;
    }
    Ok(())
}
