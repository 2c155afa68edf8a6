//! The query register as printed (H4.2, H4.3, annex 2).

use actix_web::{get, web};
use chassis::document::{self, Filter};
use chassis::{Answer, Caller, Problem, Result};
use chrono::NaiveDate;
use identity::Role;
use kernel::days;
use kernel::ids::UnitId;
use query_registry_types::applications::{ApplicationContent, QueryRegister, QueryRegisterRow};
use rule_pack::Regulation;
use serde::Deserialize;
use utoipa::IntoParams;

use crate::contents;
use crate::domain::application::QueryApplication;
use crate::domain::rules::THREE_YEARS;
use crate::governance;
use crate::state::Registry;

/// Rows of one print at most.
const MOST_ROWS: i64 = 5_000;
/// Days of one print at most.
const MOST_DAYS: i64 = 366;

/// Which part of the register.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct RegisterPart {
    /// 申請使用單位.
    pub unit: UnitId,
    /// First day.
    pub from: NaiveDate,
    /// Last day, at most a year later.
    pub to: NaiveDate,
    /// `household` (unless told) or `tax`.
    pub regulation: Option<String>,
}

/// Prints the query register of a unit and period; an auditor's reading is logged first.
#[utoipa::path(get, path = "/v1/query-register", params(RegisterPart), responses((status = 200, body = QueryRegister)))]
#[get("/v1/query-register")]
pub async fn get_query_register(
    caller: Caller,
    part: web::Query<RegisterPart>,
) -> Result<Answer<QueryRegister>> {
    let registry = caller.context.state::<Registry>();
    if part.to < part.from || (part.to - part.from).num_days() > MOST_DAYS {
        return Err(Problem::invalid("to", "not before `from`, at most a year later").into());
    }
    let mut conn = caller.context.connection().await?;
    registry.refresh(&mut conn).await?;
    let (agency, unit_name) = registry
        .index()
        .agencies()
        .find_map(|(id, agency)| agency.unit_name(part.unit).map(|name| (id, name.to_owned())))
        .ok_or_else(|| document::missing("unit"))?;
    caller.within(agency)?;
    let regulation = part.regulation.as_deref().unwrap_or("household");
    caller.within_regulation(regulation)?;
    let filter = Filter::all()
        .eq("unit_id", part.unit)
        .eq("regulation", regulation)
        .op("day", ">=", part.from)
        .op("day", "<=", part.to);
    let rows = document::select::<QueryApplication>(&mut conn, filter, MOST_ROWS + 1).await?;
    drop(conn);
    if i64::try_from(rows.len()).unwrap_or(i64::MAX) > MOST_ROWS {
        return Err(
            Problem::invalid("to", format!("more than {MOST_ROWS} rows: choose a shorter period")).into()
        );
    }
    let supervisor =
        caller.principal.has(Role::ResponsibleSupervisor) && caller.principal.agency == Some(agency);
    if !supervisor {
        governance::note_reading(&caller, THREE_YEARS, "query-register", |entry| entry.agency = Some(agency))
            .await?;
    }
    let (mut lines, mut reader) = (Vec::with_capacity(rows.len()), registry.values.reader());
    for application in &rows {
        let content = contents::open(&mut reader, &application.content).await?;
        lines.push(row(&registry, application, content));
    }
    let mut register = QueryRegister {
        title: title(&registry, part.to),
        unit: part.unit,
        unit_name,
        from: part.from,
        to: part.to,
        reminder: registry.reminder(regulation, caller.context.now()),
        rows: lines,
        digest: String::new(),
    };
    register.digest = kernel::canonical::sha256_hex(&kernel::canonical::bytes(&register)?);
    Ok(Answer::ok(register))
}

fn title(registry: &Registry, day: NaiveDate) -> String {
    let index = registry.index();
    let form = index.rules.on(Regulation::Household, day).and_then(|rules| rules.annex_two());
    form.map(|form| form.title.clone()).unwrap_or_default()
}

fn row(registry: &Registry, application: &QueryApplication, content: ApplicationContent) -> QueryRegisterRow {
    let index = registry.index();
    let rules = index.rules.named(&application.regulation, application.date);
    let item = |id: &String| {
        let item = rules.and_then(|r| r.pack.query_item(id));
        item.map_or_else(|| id.clone(), |item| item.title.zh.clone())
    };
    let seal = application.supervisor.as_ref();
    QueryRegisterRow {
        register_number: application.register_number.clone(),
        application: application.id,
        date: application.date,
        date_roc: days::roc(application.date),
        user: application.user,
        reason: content.reason,
        persons: content.persons,
        items: application.items.iter().map(item).collect(),
        account_number: application.account_number.clone(),
        user_seal: application.user_endorsement.content_digest.clone(),
        user_sealed_at: application.user_endorsement.signed_at,
        supervisor: seal.map(|s| s.person),
        supervisor_post: seal.map(|s| s.post),
        supervisor_sealed_at: seal.map(|s| s.at),
        remarks: content.remarks,
    }
}
