//! How key files are written, replaced and wiped, so that a process killed between any two steps leaves either the old
//! keys or the new, and the next change wipes what it left behind.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use kernel::{Random, SystemRandom};

/// Writes a new file at once and durably, mode 0600; a file that is there already is left alone (false).
pub fn publish(path: &Path, content: &[u8]) -> io::Result<bool> {
    let mut suffix = [0; 8];
    SystemRandom.fill(&mut suffix);
    let temporary = path.with_extension(format!("{}.tmp", hex::encode(suffix)));
    write_durably(OpenOptions::new().create_new(true), &temporary, content)?;
    let linked = fs::hard_link(&temporary, path);
    fs::remove_file(&temporary)?;
    match linked {
        Ok(()) => sync_directory(path).map(|()| true),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
        Err(error) => Err(error),
    }
}

/// Overwrites and removes a file: a plain unlink leaves the bytes on simple file systems. One that is not there is no
/// error. (Where the file system copies on write, the disk must be encrypted or the store a Vault.)
pub fn wipe(path: &Path) -> io::Result<()> {
    let length = match fs::metadata(path) {
        Ok(found) => found.len(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    };
    let zeros = vec![0; usize::try_from(length).unwrap_or_default()];
    write_durably(&mut OpenOptions::new(), path, &zeros)?;
    fs::remove_file(path)?;
    sync_directory(path)
}

/// The replacement of a key file; the caller holds the store's lock.
pub struct Replacement<'a> {
    path: &'a Path,
    content: &'a [u8],
    staged: PathBuf,
    dying: PathBuf,
}

impl<'a> Replacement<'a> {
    /// In order. The old bytes keep a name until they are wiped: a file without a name cannot be overwritten any more.
    pub const STEPS: [fn(&Self) -> io::Result<()>; 5] =
        [Self::clear, Self::stage, Self::name_old, Self::swap, Self::wipe_old];

    pub fn new(path: &'a Path, content: &'a [u8]) -> Self {
        let (staged, dying) = (path.with_extension("staged"), path.with_extension("dying"));
        Self { path, content, staged, dying }
    }

    /// Writes the file, or puts it in the place of the one that is there, whose bytes are wiped.
    pub fn run(&self) -> io::Result<()> {
        Self::STEPS.iter().try_for_each(|step| step(self))
    }

    /// Wipes what a process left that was killed between two steps.
    pub fn clear(&self) -> io::Result<()> {
        wipe(&self.staged)?;
        let inode = |path: &Path| fs::metadata(path).map(|found| found.ino()).ok();
        if inode(&self.dying).is_some() && inode(&self.dying) == inode(self.path) {
            // Killed before the swap: still the living file, by another name.
            fs::remove_file(&self.dying)?;
            return sync_directory(self.path);
        }
        wipe(&self.dying)
    }

    fn stage(&self) -> io::Result<()> {
        write_durably(OpenOptions::new().create_new(true), &self.staged, self.content)
    }

    fn name_old(&self) -> io::Result<()> {
        match fs::hard_link(self.path, &self.dying) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => sync_directory(self.path),
        }
    }

    fn swap(&self) -> io::Result<()> {
        fs::rename(&self.staged, self.path)?;
        sync_directory(self.path)
    }

    fn wipe_old(&self) -> io::Result<()> {
        wipe(&self.dying)
    }
}

fn write_durably(options: &mut OpenOptions, path: &Path, content: &[u8]) -> io::Result<()> {
    let mut file = options.write(true).mode(0o600).open(path)?;
    file.write_all(content)?;
    file.sync_all()
}

fn sync_directory(path: &Path) -> io::Result<()> {
    path.parent().map_or(Ok(()), |parent| File::open(parent)?.sync_all())
}
