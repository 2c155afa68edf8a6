//! The daily report (H8.1.1): each night, for each agency with queries the day before, the gate's log, the register of
//! queries, the query register and the platform's own file are matched line by line; what does not match is an item.

use std::collections::{BTreeMap, BTreeSet};

use chassis::document::{self, Filter};
use chassis::{Context, Result, Tx};
use chrono::NaiveDate;
use futures::{StreamExt as _, TryStreamExt as _, stream};
use kernel::Instant;
use kernel::ids::AgencyId;
use query_registry_types::control::{ControlReport, ReportContent, ReportKind};
use rule_pack::{EndorsementMode, Regulation, RhythmKind, RulePack};
use uuid::Uuid;

use crate::control;
use crate::domain::control_item::{NewItem, kind};
use crate::domain::report::{KeptReport, fault};
use crate::domain::rules::THREE_YEARS;
use crate::state::Registry;
use crate::store::daily::{self, AgencyDay, Suspect};
use crate::store::platform::{self, Unmatched};

/// Agencies whose reports are built at once: each is its agency's alone.
const AT_ONCE: usize = 8;

/// Builds the reports of the day before `due`.
pub async fn run(context: &Context, due: Instant) -> Result<()> {
    build(context, chassis::schedule::day_before(due)).await
}

/// Builds the reports of `day`; those that are there stay as they are.
pub async fn build(context: &Context, day: NaiveDate) -> Result<()> {
    let registry = context.state::<Registry>();
    let mut conn = context.connection().await?;
    registry.refresh(&mut conn).await?;
    let Some(pack) = context.packs().on(Regulation::Household, day).cloned() else { return Ok(()) };
    // The platform's lines are matched first: whether a record stands in the file is a fact of its line.
    let with_files = context.transaction(async |tx| platform::agencies(tx, day).await).await?;
    let matched = stream::iter(with_files).map(async |agency| {
        let matched = context.transaction(async |tx| platform::match_day(tx, agency, day).await).await?;
        Ok::<_, chassis::Error>((agency, matched))
    });
    let mut files: BTreeMap<AgencyId, (u32, Vec<Unmatched>)> =
        matched.buffer_unordered(AT_ONCE).try_collect().await?;
    let before = pack.endorsement.mode == EndorsementMode::Before;
    let (mut figures, suspects) =
        daily::collect(&mut conn, day, registry.log.line(THREE_YEARS), before).await?;
    drop(conn);
    let bureau = control::bureau(&registry);
    let mut by_agency: BTreeMap<AgencyId, Vec<Suspect>> = BTreeMap::new();
    // What nobody's agency is known of is the bureau's to look at.
    for suspect in suspects {
        if let Some(agency) = suspect.agency.or(bureau) {
            by_agency.entry(agency).or_default().push(suspect);
        }
    }
    if let (Some(bureau), Some(strays)) = (bureau, figures.remove(&None)) {
        figures.entry(Some(bureau)).or_insert(strays);
    }
    let mut agencies: BTreeSet<AgencyId> = figures.keys().copied().flatten().collect();
    agencies.extend(files.keys().chain(by_agency.keys()).copied());
    let drafts = agencies.into_iter().map(|agency| Draft {
        agency,
        day,
        figures: figures.remove(&Some(agency)).unwrap_or_default(),
        suspects: by_agency.remove(&agency).unwrap_or_default(),
        file: files.remove(&agency).unwrap_or_default(),
        duty: duty_of(&registry, agency),
    });
    let write = async |draft: Draft| context.transaction(async |tx| draft.write(tx, &pack).await).await;
    stream::iter(drafts).map(Ok).try_for_each_concurrent(AT_ONCE, write).await
}

fn duty_of(registry: &Registry, agency: AgencyId) -> &'static str {
    let district = registry.index().agency(agency).is_some_and(|a| a.kind == "district_office");
    if district { control::DAILY } else { control::DAILY_BUREAU }
}

struct Draft {
    agency: AgencyId,
    day: NaiveDate,
    figures: AgencyDay,
    suspects: Vec<Suspect>,
    file: (u32, Vec<Unmatched>),
    duty: &'static str,
}

impl Draft {
    async fn write(&self, tx: &mut Tx, pack: &RulePack) -> Result<()> {
        if of_day(tx, ReportKind::Daily, self.agency, self.day).await?.is_some() {
            return Ok(());
        }
        let id: Uuid = tx.new_id();
        let mut findings: BTreeMap<String, u32> = BTreeMap::new();
        let mut unmatched = 0;
        for suspect in &self.suspects {
            let Some(fault) = fault(&suspect.facts) else { continue };
            *findings.entry(fault.code().to_owned()).or_default() += 1;
            unmatched += u32::from(fault.is_unmatched());
            control::raise(tx, self.item(id, suspect, fault.kind(), fault.code())).await?;
        }
        let (platform_lines, strays) = &self.file;
        if !strays.is_empty() {
            let count = u32::try_from(strays.len()).unwrap_or(u32::MAX);
            findings.insert(kind::PAST_THE_GATE.to_owned(), count);
            unmatched += count;
            raise_strays(tx, id, self.agency, self.day, strays).await?;
        }
        let due_on = control::report_due(pack, RhythmKind::DailyReport, self.day, tx.context().calendar());
        let content = ReportContent {
            report: id,
            kind: ReportKind::Daily,
            agency: self.agency,
            day: self.day,
            until: self.day,
            lines: self.figures.lines,
            unmatched,
            platform_lines: *platform_lines,
            findings,
            lines_digest: self.figures.digest.clone(),
        };
        insert(tx, content, self.figures.by_user.clone(), due_on, pack, self.duty).await
    }

    fn item(&self, report: Uuid, suspect: &Suspect, kind: &'static str, code: &str) -> NewItem {
        NewItem {
            key: format!("{kind}/{}", suspect.query),
            kind,
            regulation: suspect.regulation.clone(),
            agency: self.agency,
            account: suspect.account,
            person: suspect.person,
            queries: vec![suspect.query],
            clause: "H8.1.1",
            day: self.day,
            source: report,
            detail: [("fault".to_owned(), code.to_owned())].into(),
        }
    }
}

/// The report of this kind that an agency has for a day.
pub async fn of_day(
    tx: &mut Tx,
    kind: ReportKind,
    agency: AgencyId,
    day: NaiveDate,
) -> Result<Option<ControlReport>> {
    let filter = Filter::all().eq("kind", kind.as_str()).eq("agency_id", agency).eq("day", day);
    Ok(document::first::<KeptReport>(tx.conn(), filter).await?.map(|kept| kept.doc.0))
}

/// Keeps a report and opens the duty to endorse it.
pub async fn insert(
    tx: &mut Tx,
    content: ReportContent,
    lines_by_user: BTreeMap<kernel::ids::PersonId, u32>,
    due_on: NaiveDate,
    pack: &RulePack,
    duty: &str,
) -> Result<()> {
    let (id, agency) = (content.report, content.agency);
    let report = ControlReport {
        id,
        content,
        lines_by_user,
        state: "open".to_owned(),
        due_on,
        overdue_since: None,
        seal: None,
        built_at: tx.now(),
        rule_pack: pack.reference(),
    };
    tx.insert(&KeptReport(report)).await?;
    if let Some(duty) = control::report_duty(pack, duty, (id, agency), due_on) {
        obligations::open(tx, duty).await?;
    }
    Ok(())
}

/// Platform lines without a record of the gate: somebody asked past it.
async fn raise_strays(
    tx: &mut Tx,
    source: Uuid,
    agency: AgencyId,
    day: NaiveDate,
    strays: &[Unmatched],
) -> Result<()> {
    for stray in strays.iter().take(control::MOST_ITEMS) {
        let context = tx.context();
        let registry = context.state::<Registry>();
        let holder = registry
            .index()
            .accounts()
            .find(|a| a.number == stray.account_number && a.regulation == stray.regulation)
            .map(|a| (a.id, a.person));
        let item = NewItem {
            key: format!("{}/platform/{}", kind::PAST_THE_GATE, stray.line_key),
            kind: kind::PAST_THE_GATE,
            regulation: stray.regulation.clone(),
            agency,
            account: holder.map(|(account, _)| account),
            person: holder.map(|(_, person)| person),
            queries: vec![],
            clause: "H8.1.1",
            day,
            source,
            detail: [
                ("found-in".to_owned(), "platform-report".to_owned()),
                ("import".to_owned(), stray.import_id.to_string()),
                ("line".to_owned(), stray.line.to_string()),
            ]
            .into(),
        };
        control::raise(tx, item).await?;
    }
    Ok(())
}

/// Matches a file that came after the report of its day was built; its strays become items of that report.
pub async fn match_late_file(tx: &mut Tx, agency: AgencyId, day: NaiveDate) -> Result<()> {
    let Some(report) = of_day(tx, ReportKind::Daily, agency, day).await? else { return Ok(()) };
    let (_, strays) = platform::match_day(tx, agency, day).await?;
    raise_strays(tx, report.id, agency, day, &strays).await
}
