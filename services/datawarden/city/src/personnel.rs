//! Personnel changes of the year (H5.2.2, I3.6), and the file that the personnel system delivers.

use std::collections::HashSet;

use chrono::{Days, NaiveDate};
use kernel::ids::AgencyId;

use crate::SampleCity;
use crate::chance::Chance;
use crate::planted::Misbehaviour;
use crate::text::csv_line;

/// What changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChangeKind {
    /// 調職: to another agency.
    Transfer,
    /// 業務調整: other duties in the same office.
    DutyChange,
    /// 留職停薪.
    Leave,
    /// 離職.
    Resignation,
    /// 退休.
    Retirement,
}

impl ChangeKind {
    /// The word in the file.
    pub fn title(self) -> &'static str {
        match self {
            Self::Transfer => "調職",
            Self::DutyChange => "業務調整",
            Self::Leave => "留職停薪",
            Self::Resignation => "離職",
            Self::Retirement => "退休",
        }
    }

    /// The word in data.
    pub fn code(self) -> &'static str {
        match self {
            Self::Transfer => "transfer",
            Self::DutyChange => "duty_change",
            Self::Leave => "leave",
            Self::Resignation => "resignation",
            Self::Retirement => "retirement",
        }
    }
}

/// One change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PersonnelChange {
    /// Place in the list of officials.
    pub official: usize,
    /// What changes.
    pub kind: ChangeKind,
    /// First day on which the official no longer holds the old duties.
    pub effective: NaiveDate,
    /// Day on which the personnel file tells of it.
    pub reported: NaiveDate,
    /// The new agency, for transfers.
    pub to: Option<AgencyId>,
    /// Whether the official applied for the change of his permissions himself, as he must (H5.2.2).
    pub applied: bool,
    /// Id of the planted item.
    pub planted: Option<String>,
}

const KINDS: [ChangeKind; 5] = [
    ChangeKind::Transfer,
    ChangeKind::DutyChange,
    ChangeKind::Leave,
    ChangeKind::Resignation,
    ChangeKind::Retirement,
];

/// Changes in `[start, end)`: about two a month among users, and the planted ones. Officials that a planted item
/// names have no other change, and every office keeps its users but one.
pub(crate) fn changes(city: &SampleCity, start: NaiveDate, end: NaiveDate) -> Vec<PersonnelChange> {
    let mut chance = Chance::new(city.settings.seed, "personnel");
    let span = (end - start).num_days();
    let mut taken: HashSet<usize> = city.planted.iter().filter_map(|p| p.official(city)).collect();
    let mut offices = HashSet::new();
    let mut changes = planted(city, start, end);
    let wanted = usize::try_from(span / 15).unwrap_or_default();
    for _ in 0..wanted * 20 {
        let official = chance.below(city.officials.len());
        let Some(post) = city.officials[official].posts.first() else { continue };
        if changes.len() >= wanted || !post.roles.contains(&"user") || !taken.insert(official) {
            continue;
        }
        // An official with a second post has duties that nobody else has.
        if city.officials[official].posts.len() > 1 || !offices.insert(post.agency) {
            continue;
        }
        let effective = start + Days::new(u64::try_from(chance.between(5, span - 1)).unwrap_or_default());
        let kind = KINDS[chance.weighted(&[40, 20, 15, 10, 15])];
        let lead = u64::try_from(chance.between(0, 5)).unwrap_or_default();
        changes.push(PersonnelChange {
            official,
            kind,
            effective,
            reported: effective - Days::new(lead),
            to: destination(city, &mut chance, kind, post.agency),
            applied: chance.percent(80),
            planted: None,
        });
    }
    changes.sort_by_key(|c| (c.effective, c.official));
    changes
}

fn destination(city: &SampleCity, chance: &mut Chance, kind: ChangeKind, from: AgencyId) -> Option<AgencyId> {
    let others: Vec<AgencyId> =
        city.agencies.iter().filter(|a| a.weight > 0 && a.id != from).map(|a| a.id).collect();
    (kind == ChangeKind::Transfer).then(|| others[chance.below(others.len())])
}

fn planted(city: &SampleCity, start: NaiveDate, end: NaiveDate) -> Vec<PersonnelChange> {
    city.planted
        .iter()
        .filter_map(|item| {
            let Misbehaviour::TransferredStillQuerying { reported_after_days, .. } = item.act else {
                return None;
            };
            let effective = start + Days::new(u64::from(item.day_offset));
            (effective < end).then_some(())?;
            Some(PersonnelChange {
                official: item.official(city)?,
                kind: ChangeKind::Transfer,
                effective,
                reported: effective + Days::new(u64::from(reported_after_days)),
                to: city.agency_by_code("nanzi").map(|a| a.id),
                applied: false,
                planted: Some(item.id.clone()),
            })
        })
        .collect()
}

/// Header of the personnel file.
pub(crate) const HEADER: [&str; 8] =
    ["通報日期", "生效日期", "員工代號", "姓名", "異動類別", "異動代碼", "原機關", "新機關"];

/// The personnel file (CSV, UTF-8, CRLF, with header) with the given rows. Columns: day reported, day effective (both
/// ISO 8601), staff number, name, kind in Chinese, kind as code, old agency, new agency (empty unless a transfer).
pub fn personnel_csv<'a>(
    city: &SampleCity,
    changes: impl IntoIterator<Item = &'a PersonnelChange>,
) -> String {
    let mut out = csv_line(HEADER);
    for change in changes {
        let Some(official) = city.officials.get(change.official) else { continue };
        let name = |id: AgencyId| city.agency(id).map_or("", |a| a.name.as_str());
        let (reported, effective) = (change.reported.to_string(), change.effective.to_string());
        out += &csv_line([
            reported.as_str(),
            effective.as_str(),
            official.login.as_str(),
            official.name.as_str(),
            change.kind.title(),
            change.kind.code(),
            official.posts.first().map_or("", |p| name(p.agency)),
            change.to.map_or("", name),
        ]);
    }
    out
}
