//! What was revoked, known at once (invariant 7): lost cards, suspended accounts, ended posts, deactivated systems.
//!
//! The account service numbers each act in the order of commits and reads the last number from its primary database
//! several times a second (`read`). Every other service holds a stream from it (`follow`): each new entry at once,
//! and each second the number that was just read, signed. A replica whose last word is older than [`SILENCE`] does not
//! know what it may still believe: operations that are `live` in `operations.toml` are refused until it does. Neither
//! Kafka nor Redis is on this way, and no clock: how old a word is, is reckoned from monotonic times alone.

use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Mutex, PoisonError, RwLock};

use diesel_async::AsyncPgConnection;
use futures::future::BoxFuture;
use identity::{Principal, PrincipalKind};
use tokio::sync::broadcast;
use tokio::time::{Duration, Instant};

use crate::context::Context;
use crate::error::Result;

mod entry;
mod follow;
mod known;
mod message;
mod read;
mod watch;

pub use entry::{Entry, Kind, Told};
pub use known::Gap;
use known::Known;
pub use message::{Connection, Message};

/// Age of the last word past which nothing is known any more (invariant 7).
pub const SILENCE: Duration = Duration::from_secs(5);
/// Between two words when nothing happens.
pub const BEAT: Duration = Duration::from_secs(1);
/// Words that a slow reader of this process may be behind before it is cut off.
const BACKLOG: usize = 64;

/// Reads the last number and the entries after the given one, at most a page, from the primary database itself: a
/// standby is an error.
pub type Reader = for<'a> fn(&'a mut AsyncPgConnection, i64) -> BoxFuture<'a, Result<Told>>;

/// Takes the state that an entry carries into the service's memory.
pub type Apply = fn(&Context, &Entry);

/// Where a service learns what was revoked.
#[derive(Clone, Copy)]
pub enum Source {
    /// In its own database: the account service alone.
    Own(Reader),
    /// From the account service's stream. Entries' states are for services that hold projections of them in memory.
    Stream(Option<Apply>),
}

/// What a process knows of revocations.
pub struct Revocations {
    known: RwLock<Known>,
    words: Mutex<Option<broadcast::Sender<Word>>>,
    by_hand: AtomicU8,
}

/// What was heard, and when it was read from the primary.
#[derive(Debug, Clone)]
pub struct Word {
    /// What.
    pub told: std::sync::Arc<Told>,
    /// Not later than the moment at which it was read.
    pub read_at: Instant,
}

/// States of [`Revocations::by_hand`].
const HEARD: u8 = 0;
const HELD_LIVE: u8 = 1;
const HELD_SILENT: u8 = 2;

impl Default for Revocations {
    fn default() -> Self {
        let words = Mutex::new(Some(broadcast::channel(BACKLOG).0));
        Self { known: RwLock::default(), words, by_hand: AtomicU8::new(HEARD) }
    }
}

impl Revocations {
    /// Driven by hand instead of by a stream, live until told otherwise: for tests of a service alone. Nothing in a
    /// service's settings leads here.
    pub fn by_hand() -> Self {
        Self { by_hand: AtomicU8::new(HELD_LIVE), ..Self::default() }
    }

    /// Silences what is driven by hand, or lets it speak again.
    pub fn silence(&self, silent: bool) {
        let state = if silent { HELD_SILENT } else { HELD_LIVE };
        // What hears a stream cannot be held alive.
        let _ = self.by_hand.compare_exchange(HELD_LIVE, state, Ordering::Relaxed, Ordering::Relaxed);
        let _ = self.by_hand.compare_exchange(HELD_SILENT, state, Ordering::Relaxed, Ordering::Relaxed);
    }

    fn is_by_hand(&self) -> bool {
        self.by_hand.load(Ordering::Relaxed) != HEARD
    }

    /// Whether what is known is young enough to be believed.
    pub fn is_live(&self) -> bool {
        match self.by_hand.load(Ordering::Relaxed) {
            HELD_LIVE => true,
            HELD_SILENT => false,
            _ => self.age().is_some_and(|age| age <= SILENCE),
        }
    }

    /// Age of the last word; `None` before the first.
    pub fn age(&self) -> Option<Duration> {
        self.read().heard().map(|at| at.elapsed())
    }

    /// Number of the last entry that is known here.
    pub fn seq(&self) -> i64 {
        self.read().seq()
    }

    /// Why `principal`'s token does not count any more: an act after its issue took it away.
    pub fn refuses(&self, principal: &Principal) -> Option<Kind> {
        let known = self.read();
        if known.is_quiet() { None } else { known.refuses(&subjects(principal), principal.as_of) }
    }

    /// Waits until something is known, at most for `limit`; gives whether it is.
    pub async fn until_live(&self, limit: Duration) -> bool {
        let deadline = Instant::now() + limit;
        while !self.is_live() {
            if Instant::now() > deadline {
                return false;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        true
    }

    /// Every word from now on; `None` when the process is about to end. Whoever is more than a few dozen words behind
    /// is cut off.
    pub fn words(&self) -> Option<broadcast::Receiver<Word>> {
        self.words.lock().unwrap_or_else(PoisonError::into_inner).as_ref().map(broadcast::Sender::subscribe)
    }

    /// Ends every reader of [`Self::words`].
    pub(crate) fn close(&self) {
        self.words.lock().unwrap_or_else(PoisonError::into_inner).take();
    }

    fn read(&self) -> std::sync::RwLockReadGuard<'_, Known> {
        self.known.read().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whom a token stands for: an act against any of them ends it.
fn subjects(principal: &Principal) -> Vec<(Kind, String)> {
    let mut subjects = vec![(Kind::Token, principal.token_id.clone())];
    if let PrincipalKind::Person { person, .. } = principal.kind {
        subjects.push((Kind::Person, person.to_string()));
    }
    if let Some(session) = principal.session {
        subjects.push((Kind::Session, session.to_string()));
    }
    if let Some(system) = principal.system {
        subjects.push((Kind::System, system.to_string()));
    }
    subjects
}

/// Takes in what was read at `read_at`: states go into the service's memory first, then tokens are refused, then the
/// process's own streams are told.
///
/// # Errors
/// [`Gap`] when it does not follow what is known: the reader begins again at [`Revocations::seq`].
pub fn hear(context: &Context, told: Told, read_at: Instant) -> Result<(), Gap> {
    let revocations = context.revocations();
    let seq = revocations.seq();
    if let Some(apply) = context.0.apply_revocation {
        told.entries.iter().filter(|entry| entry.seq > seq).for_each(|entry| apply(context, entry));
    }
    let now = context.now();
    revocations.known.write().unwrap_or_else(PoisonError::into_inner).take(&told, read_at, now)?;
    let words = revocations.words.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(words) = words.as_ref() {
        // An error says that nobody listens.
        let _ = words.send(Word { told: told.into(), read_at });
    }
    Ok(())
}

/// Begins to listen, for as long as the task lives.
///
/// # Errors
/// When nothing says where the account service is: such a service would never answer a query.
pub(crate) fn start(context: &Context, source: Source) -> anyhow::Result<tokio::task::JoinHandle<()>> {
    let revocations = context.revocations();
    if revocations.is_by_hand() {
        return Ok(tokio::spawn(async {}));
    }
    let context = context.clone();
    match source {
        Source::Own(reader) => Ok(tokio::spawn(async move {
            tokio::join!(read::run(&context, reader), watch::run(&context));
        })),
        Source::Stream(_) => {
            let url = context.settings().services.get("account").cloned();
            let url = url.ok_or_else(|| {
                anyhow::anyhow!(
                    "services.account: name the account service's URL: what it revokes is heard from there"
                )
            })?;
            Ok(tokio::spawn(async move {
                tokio::join!(follow::run(&context, &url), watch::run(&context));
            }))
        }
    }
}
