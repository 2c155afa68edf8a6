//! The packs that a service runs with, and which of them is followed on a day.

use std::{fs, path::Path, sync::Arc};

use chrono::NaiveDate;
use kernel::WorkingCalendar;

use crate::{error::PackError, model::RulePack, terms::Regulation};

/// The packs of this repository: file name and text.
const EMBEDDED: [(&str, &str); 3] = [
    ("rules/household-2017.toml", include_str!("../../../rules/household-2017.toml")),
    ("rules/immigration-2018.toml", include_str!("../../../rules/immigration-2018.toml")),
    ("rules/tax.toml", include_str!("../../../rules/tax.toml")),
];

/// The calendar of this repository.
const CALENDAR: (&str, &str) = ("rules/calendar-tw.toml", include_str!("../../../rules/calendar-tw.toml"));

/// All packs, ordered by the day on which they take effect.
#[derive(Debug, Clone)]
pub struct PackSet {
    packs: Vec<Arc<RulePack>>,
}

impl PackSet {
    /// The packs of this repository.
    pub fn embedded() -> Result<Self, PackError> {
        Self::from_texts(EMBEDDED)
    }

    /// Every `*.toml` of `dir` but calendars (`calendar-*.toml`), in order of their names.
    pub fn load(dir: &Path) -> Result<Self, PackError> {
        let mut files = Vec::new();
        for entry in fs::read_dir(dir).map_err(|e| unreadable(dir, e))? {
            let path = entry.map_err(|e| unreadable(dir, e))?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if path.extension().is_some_and(|e| e == "toml") && !name.starts_with("calendar-") {
                files.push(path);
            }
        }
        files.sort();
        if files.is_empty() {
            return Err(PackError::Empty { file: dir.display().to_string() });
        }
        let mut texts = Vec::new();
        for path in files {
            let text = fs::read_to_string(&path).map_err(|e| unreadable(&path, e))?;
            texts.push((path.display().to_string(), text));
        }
        Self::from_texts(texts)
    }

    /// Packs from file names and texts.
    pub fn from_texts<N: AsRef<str>, T: AsRef<str>>(
        texts: impl IntoIterator<Item = (N, T)>,
    ) -> Result<Self, PackError> {
        let mut packs: Vec<(String, Arc<RulePack>)> = Vec::new();
        for (name, text) in texts {
            let file = name.as_ref().to_owned();
            let pack = RulePack::from_toml(&file, text.as_ref())?;
            if let Some((other, _)) = packs.iter().find(|(_, p)| p.id == pack.id && p.version == pack.version)
            {
                let reference = format!("{}@{}", pack.id, pack.version);
                return Err(PackError::Repeated { file, other: other.clone(), reference });
            }
            packs.push((file, Arc::new(pack)));
        }
        let mut packs: Vec<_> = packs.into_iter().map(|(_, pack)| pack).collect();
        packs.sort_by_key(|p| (p.effective_from, p.version));
        Ok(Self { packs })
    }

    /// The pack of `regulation` that is followed on `day`: of those in force, the one that took effect last (of two
    /// from the same day the higher version). A newer one never applies before its date.
    pub fn on(&self, regulation: Regulation, day: NaiveDate) -> Option<&Arc<RulePack>> {
        self.packs.iter().rev().find(|p| p.regulation == regulation && p.in_force(day))
    }

    /// The pack that `reference` ([`RulePack::reference`]) names, to the last digit.
    pub fn by_reference(&self, reference: &str) -> Option<&Arc<RulePack>> {
        self.packs.iter().find(|p| p.reference() == reference)
    }

    /// Every pack, in order of the day on which it takes effect.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<RulePack>> {
        self.packs.iter()
    }
}

fn unreadable(path: &Path, source: std::io::Error) -> PackError {
    PackError::Read { file: path.display().to_string(), source }
}

/// The calendar of working days of this repository (`rules/calendar-tw.toml`, 2020–2028).
pub fn working_calendar() -> Result<WorkingCalendar, PackError> {
    let (file, text) = CALENDAR;
    WorkingCalendar::from_toml(text)
        .map_err(|e| PackError::Syntax { file: file.to_owned(), reason: e.to_string().trim().to_owned() })
}
