//! The PIN and its three tries. The count is in a file beside the key, so that no restart gives tries back; only
//! `datawarden soft-card unlock` does.

use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Seek as _, Write as _};
use std::path::{Path, PathBuf};
use std::str::FromStr;

/// Wrong tries until the card is locked, as on a citizen card.
const TRIES: u8 = 3;

/// A PIN: six to eight digits. It has no text form, so that it ends up in no log.
#[derive(Clone)]
#[expect(missing_debug_implementations, reason = "must never be printed")]
pub struct Pin(String);

impl FromStr for Pin {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if (6..=8).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit()) {
            Ok(Self(text.to_owned()))
        } else {
            Err("a PIN has six to eight digits")
        }
    }
}

/// What came of entering a PIN.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Entered {
    /// It is the PIN; all tries are there again.
    Right,
    /// It is not; so many tries are left.
    Wrong {
        /// How many.
        left: u8,
    },
    /// Nothing was tried: the card is locked.
    Locked,
}

/// The tries of one card.
#[derive(Debug)]
pub struct Tries(PathBuf);

impl Tries {
    /// The tries of the card `name` whose key is in `folder`, in `NAME.pin-tries`.
    pub fn of(folder: &Path, name: &str) -> Self {
        Self(folder.join(format!("{name}.pin-tries")))
    }

    /// Enters `text`. A try is taken away on disk before the PIN is looked at: whoever pulls the plug gains nothing.
    pub fn enter(&self, text: &str, pin: &Pin) -> io::Result<Entered> {
        let mut file = self.open()?;
        let Some(left) = read(&mut file)?.checked_sub(1) else { return Ok(Entered::Locked) };
        write(&mut file, left)?;
        if text == pin.0 {
            write(&mut file, TRIES)?;
            return Ok(Entered::Right);
        }
        Ok(Entered::Wrong { left })
    }

    /// Gives all tries back.
    pub fn unlock(&self) -> io::Result<()> {
        write(&mut self.open()?, TRIES)
    }

    /// The file, for this process alone until it is dropped.
    fn open(&self) -> io::Result<File> {
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(&self.0)?;
        file.lock()?;
        Ok(file)
    }
}

/// Tries that are left. A new file has all of them; one that says something else than a number of tries has none.
fn read(file: &mut File) -> io::Result<u8> {
    let mut text = String::new();
    file.rewind()?;
    file.take(16).read_to_string(&mut text)?;
    Ok(match text.as_str() {
        "" => TRIES,
        text => text.trim_end().parse().ok().filter(|left| *left <= TRIES).unwrap_or(0),
    })
}

/// One digit over the other, so that the file is never empty on the way.
fn write(file: &mut File, left: u8) -> io::Result<()> {
    file.rewind()?;
    file.write_all(format!("{left}\n").as_bytes())?;
    file.set_len(2)?;
    file.sync_data()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_wrong_tries_lock_the_card_for_every_later_process_until_it_is_unlocked() {
        let folder = tempfile::tempdir().unwrap();
        let pin: Pin = "246810".parse().unwrap();
        let enter = |text| Tries::of(folder.path(), "card").enter(text, &pin).unwrap();
        assert_eq!(enter("111111"), Entered::Wrong { left: 2 });
        assert_eq!(enter("246810"), Entered::Right);
        for left in [2, 1, 0] {
            assert_eq!(enter("222222"), Entered::Wrong { left });
        }
        assert_eq!(enter("246810"), Entered::Locked);
        Tries::of(folder.path(), "card").unlock().unwrap();
        assert_eq!(enter("246810"), Entered::Right);
        let kept = std::fs::read_to_string(folder.path().join("card.pin-tries")).unwrap();
        assert_eq!(kept, "3\n", "nothing of the PIN");
    }

    #[test]
    fn a_file_that_cannot_be_read_gives_no_tries() {
        let folder = tempfile::tempdir().unwrap();
        for text in ["9\n", "-1\n", "three\n", "33333333333333333333"] {
            std::fs::write(folder.path().join("card.pin-tries"), text).unwrap();
            let entered = Tries::of(folder.path(), "card").enter("123456", &"123456".parse().unwrap());
            assert_eq!(entered.unwrap(), Entered::Locked, "{text}");
        }
    }

    #[test]
    fn a_pin_has_six_to_eight_digits() {
        for (text, good) in [("12345", false), ("123456", true), ("12345678", true), ("123456789", false)] {
            assert_eq!(text.parse::<Pin>().is_ok(), good, "{text}");
        }
        assert!("12345a".parse::<Pin>().is_err());
    }
}
