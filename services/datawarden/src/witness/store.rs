//! What a witness has seen: one file for each log, durable before a cosignature leaves.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use transparency::Hash;
use transparency::checkpoint::Checkpoint;
use transparency::witness::Seen;

/// How long a process that ends may hold the folder.
const LETS_GO: Duration = Duration::from_secs(2);
/// Most requests of a kind that are kept: strangers may send them.
const ENOUGH: usize = 1_000;

/// The checkpoint that was cosigned last.
#[derive(Debug, Clone)]
pub struct Kept {
    pub checkpoint: Checkpoint,
    /// With the cosignature.
    pub note: String,
}

impl Kept {
    pub fn seen(&self) -> Seen {
        Seen { size: self.checkpoint.size, root: self.checkpoint.root }
    }
}

/// The folder of a witness, held by one process.
pub struct Store {
    folder: PathBuf,
    _held: File,
    locks: Mutex<HashMap<String, Arc<Mutex<()>>>>,
}

/// What was seen of one log, held by one request.
pub struct OfLog {
    path: PathBuf,
    evidence: PathBuf,
    lock: Arc<Mutex<()>>,
}

impl Store {
    pub fn open(folder: &Path) -> io::Result<Self> {
        fs::create_dir_all(folder.join("seen"))?;
        fs::create_dir_all(folder.join("evidence"))?;
        // Two processes would each continue the same head, and cosign two histories.
        let held = File::create(folder.join("lock"))?;
        let begun = Instant::now();
        while let Err(error) = held.try_lock() {
            // One that is just ending lets go within a moment.
            if begun.elapsed() > LETS_GO {
                return Err(error.into());
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(Self { folder: folder.to_owned(), _held: held, locks: Mutex::default() })
    }

    pub fn of(&self, origin: &str) -> OfLog {
        let name = Hash::of(origin.as_bytes()).to_string();
        let mut locks = self.locks.lock().unwrap_or_else(PoisonError::into_inner);
        let lock = Arc::clone(locks.entry(name.clone()).or_default());
        OfLog { path: self.folder.join("seen").join(&name), evidence: self.folder.join("evidence"), lock }
    }
}

impl OfLog {
    /// Nobody else reads or writes what was seen of this log meanwhile.
    pub fn hold(&self) -> Held<'_> {
        let guard = self.lock.lock().unwrap_or_else(PoisonError::into_inner);
        Held { log: self, _guard: guard }
    }
}

/// What was seen of one log, while nobody else reads or writes it.
pub struct Held<'a> {
    log: &'a OfLog,
    _guard: MutexGuard<'a, ()>,
}

impl Held<'_> {
    pub fn read(&self) -> io::Result<Option<Kept>> {
        let note = match fs::read_to_string(&self.log.path) {
            Ok(note) => note,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        let checkpoint = Checkpoint::parse(&note).map_err(io::Error::other)?;
        Ok(Some(Kept { checkpoint, note }))
    }

    /// Durable, whole or not at all.
    pub fn write(&self, kept: &Kept) -> io::Result<()> {
        let temporary = self.log.path.with_extension("new");
        let mut file = File::create(&temporary)?;
        file.write_all(kept.note.as_bytes())?;
        file.sync_all()?;
        fs::rename(&temporary, &self.log.path)?;
        sync_folder(&self.log.path)
    }

    /// Keeps a request that does not continue what was seen, beside what was seen; `None` if there is enough of its kind.
    /// The same request is kept once.
    pub fn keep_evidence(&self, kind: &str, body: &str) -> io::Result<Option<PathBuf>> {
        let folder = self.log.evidence.join(kind);
        fs::create_dir_all(&folder)?;
        let path = folder.join(format!("{}.txt", Hash::of(body.as_bytes())));
        if path.exists() {
            return Ok(Some(path));
        }
        if fs::read_dir(&folder)?.count() >= ENOUGH {
            return Ok(None);
        }
        let seen = self.read()?.map(|kept| kept.note).unwrap_or_default();
        let mut file = File::create(&path)?;
        file.write_all(format!("{body}\n--- seen before ---\n{seen}").as_bytes())?;
        file.sync_all()?;
        sync_folder(&path)?;
        Ok(Some(path))
    }
}

fn sync_folder(path: &Path) -> io::Result<()> {
    path.parent().map_or(Ok(()), |folder| File::open(folder)?.sync_all())
}
