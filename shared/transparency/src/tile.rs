//! Tiles as C2SP tlog-tiles serves them: up to 256 hashes of one height side by side, and bundles of 256 entries.

use std::fmt;
use std::str::FromStr;

use crate::tree::Node;

/// Height of a tile.
pub const HEIGHT: u32 = 8;
/// Hashes of a full tile, entries of a full bundle.
pub const WIDTH: u64 = 1 << HEIGHT;
/// Highest level that the format knows.
const LAST_LEVEL: u32 = 63;

/// What of the log a tile holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Level {
    /// The entries themselves.
    Entries,
    /// Hashes of subtrees of height 8 × this.
    Hashes(u32),
}

/// The place of a tile.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Tile {
    /// What it holds.
    pub level: Level,
    /// Its position among the tiles of its level.
    pub index: u64,
    /// How many hashes or entries: 1 to 256.
    pub width: u64,
}

/// The text is not the path of a tile.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not the path of a tile")]
pub struct TileError;

impl Tile {
    /// The tile of the given level and index in a tree of `size` leaves, as wide as that tree makes it.
    pub fn in_tree(level: Level, index: u64, size: u64) -> Option<Self> {
        let filled = size.checked_shr(HEIGHT * level.number())?.checked_sub(index.checked_mul(WIDTH)?)?;
        (filled > 0).then_some(Self { level, index, width: filled.min(WIDTH) })
    }

    /// The first of its hashes as a subtree, and those after it up to `width`.
    pub fn first_node(&self) -> Option<Node> {
        Some(Node { level: HEIGHT * self.level.number(), index: self.index.checked_mul(WIDTH)? })
    }

    /// Whether a tree of `size` leaves has all of it.
    pub fn is_in(&self, size: u64) -> bool {
        Self::in_tree(self.level, self.index, size).is_some_and(|tile| tile.width >= self.width)
    }

    /// Index after the last leaf under a full tile of this place.
    pub fn end(&self) -> Option<u64> {
        self.index.checked_add(1)?.checked_mul(WIDTH.checked_pow(self.level.number() + 1)?)
    }
}

impl Level {
    fn number(self) -> u32 {
        match self {
            Self::Entries => 0,
            Self::Hashes(level) => level,
        }
    }
}

impl fmt::Display for Tile {
    /// The path below the log's prefix, such as `tile/0/x001/234.p/7`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.level {
            Level::Entries => f.write_str("tile/entries/")?,
            Level::Hashes(level) => write!(f, "tile/{level}/")?,
        }
        let digits = self.index.to_string();
        let groups = digits.len().div_ceil(3);
        let digits = format!("{digits:0>width$}", width = groups * 3);
        for (n, group) in digits.as_bytes().chunks(3).enumerate() {
            let (before, after) = if n + 1 < groups { ("x", "/") } else { ("", "") };
            write!(f, "{before}{}{after}", String::from_utf8_lossy(group))?;
        }
        if self.width < WIDTH { write!(f, ".p/{}", self.width) } else { Ok(()) }
    }
}

impl FromStr for Tile {
    type Err = TileError;

    /// Reads a path below the log's prefix; only the one spelling that [`fmt::Display`] gives is taken.
    fn from_str(text: &str) -> Result<Self, TileError> {
        let (level, rest) =
            text.strip_prefix("tile/").and_then(|rest| rest.split_once('/')).ok_or(TileError)?;
        let level = match level {
            "entries" => Level::Entries,
            number => Level::Hashes(number.parse().map_err(|_| TileError)?),
        };
        let (index, width) = match rest.split_once(".p/") {
            Some((index, width)) => (index, width.parse().map_err(|_| TileError)?),
            None => (rest, WIDTH),
        };
        let digits: String = index.chars().filter(|c| !matches!(c, 'x' | '/')).collect();
        let tile = Self { level, index: digits.parse().map_err(|_| TileError)?, width };
        let fits = level.number() <= LAST_LEVEL && (1..=WIDTH).contains(&width);
        if fits && tile.to_string() == text { Ok(tile) } else { Err(TileError) }
    }
}
