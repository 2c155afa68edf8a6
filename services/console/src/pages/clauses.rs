//! Every duty of the rule packs that are followed today, with what is open and late.

use std::collections::BTreeMap;

use actix_web::{HttpRequest, HttpResponse, web};
use chassis::Context;
use kernel::days;
use rule_pack::{Duty, Regulation};

use crate::client::Failure;
use crate::labels;
use crate::pages::{failed, open};
use crate::render::{self, SectionView, SectionsPage};
use crate::view::{Cell, Table, at, is_late};

const COLUMNS: [&str; 7] = ["條款", "義務", "負責", "業務", "觸發", "未完成", "逾期"];

/// Clause, then open and late duties.
type Counts = BTreeMap<String, (usize, usize)>;

/// The overview of clauses.
pub async fn clauses(context: web::Data<Context>, request: HttpRequest) -> HttpResponse {
    let (reader, token) = match open(&context, &request) {
        Ok(open) => open,
        Err(response) => return response,
    };
    let today = days::taipei_date(context.now());
    let answers = reader.open_obligations().await;
    if answers.iter().all(|(_, answer)| matches!(answer, Err(Failure::SignedOut))) {
        return failed(&context, &token, &Failure::SignedOut);
    }
    let mut counts = Counts::new();
    for row in answers.iter().filter_map(|(_, answer)| answer.as_ref().ok()).flatten() {
        let count = counts.entry(at(row, "clause").as_str().unwrap_or_default().to_owned()).or_default();
        count.0 += 1;
        count.1 += usize::from(is_late(row, today));
    }
    let packs = Regulation::ALL.iter().filter_map(|regulation| context.packs().on(*regulation, today));
    let sections = packs
        .map(|pack| SectionView {
            title: pack.title.zh.clone(),
            table: Some(Table {
                caption: format!("規則版本 {}", pack.reference()),
                columns: COLUMNS.map(ToOwned::to_owned).into(),
                rows: pack.obligations.iter().map(|duty| row(duty, &counts)).collect(),
            }),
            ..SectionView::default()
        })
        .collect();
    let frame = render::frame(&context, Some(&token), "條文總覽", "/clauses");
    render::data_page(&context, &SectionsPage { frame, lead: None, filters: vec![], sections })
}

fn row(duty: &Duty, counts: &Counts) -> Vec<Cell> {
    let word = |text: &str| labels::value(text).unwrap_or(text).to_owned();
    let actors: Vec<String> = duty.actors.iter().map(|actor| word(actor.as_str())).collect();
    let (open, late) = counts.get(&duty.clause).copied().unwrap_or_default();
    let ours = if duty.addition.is_some() { "（＋）" } else { "" };
    let mut late_cell = Cell::link(late.to_string(), format!("/tasks?clause={}&late=true", duty.clause));
    late_cell.mark = late > 0;
    vec![
        Cell::text(duty.clause.clone()),
        Cell::text(format!("{}{ours}", duty.title.zh)),
        Cell::text(actors.join("、")),
        Cell::text(word(duty.owner.as_str())),
        Cell::text(word(duty.trigger.as_str())),
        Cell::link(open.to_string(), format!("/tasks?clause={}", duty.clause)),
        late_cell,
    ]
}
