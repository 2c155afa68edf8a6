//! Who is to do what by when, and who is late: of every service.

use std::fmt::Write as _;

use actix_web::{HttpRequest, HttpResponse, web};
use chassis::Context;
use chrono::NaiveDate;
use kernel::days;
use serde::Deserialize;
use serde_json::Value;

use crate::catalogue::{SERVICES, service_title};
use crate::client::Failure;
use crate::pages::{failed, open};
use crate::render::{self, SectionView, SectionsPage};
use crate::view::{Cell, Link, Table, at, is_late, own_page, scalar};

/// Rows of the most urgent duties on the first page.
const URGENT: usize = 20;

/// Columns of duties.
const COLUMNS: [&str; 7] = ["期限", "條款", "事項", "負責", "狀態", "陳報", "內容"];

fn duty_row(service: &str, duty: &Value, today: NaiveDate) -> Vec<Cell> {
    let id = at(duty, "id").as_str().unwrap_or_default();
    let late = is_late(duty, today);
    let subject = at(duty, "subject").as_str().and_then(|path| own_page(service, path));
    vec![
        Cell { text: scalar(at(duty, "due_on")), href: None, mark: late },
        Cell::link(scalar(at(duty, "clause")), format!("/tasks?clause={}", scalar(at(duty, "clause")))),
        Cell::link(scalar(at(duty, "title_zh")), format!("/d/{service}/obligations/{id}")),
        Cell::text(scalar(at(duty, "actor"))),
        Cell { mark: late, ..Cell::text(if late { "逾期".to_owned() } else { scalar(at(duty, "state")) }) },
        Cell::text(scalar(at(duty, "escalated_to"))),
        subject.map_or_else(|| Cell::text("—"), |href| Cell::link("檢視", href)),
    ]
}

fn duty_table(caption: &str, rows: Vec<Vec<Cell>>) -> Table {
    Table { caption: caption.to_owned(), columns: COLUMNS.map(ToOwned::to_owned).into(), rows }
}

/// The first page: numbers that lead to their rows, and the most urgent duties.
pub async fn home(context: web::Data<Context>, request: HttpRequest) -> HttpResponse {
    let (reader, token) = match open(&context, &request) {
        Ok(open) => open,
        Err(response) => return response,
    };
    let today = days::taipei_date(context.now());
    let answers = reader.open_obligations().await;
    if answers.iter().all(|(_, answer)| matches!(answer, Err(Failure::SignedOut))) {
        return failed(&context, &token, &Failure::SignedOut);
    }
    let mut counts = vec![];
    let mut urgent: Vec<(&str, &Value)> = vec![];
    for (service, answer) in &answers {
        let title = Cell::text(service_title(service).unwrap_or(service));
        match answer {
            Ok(rows) => {
                let late = rows.iter().filter(|row| is_late(row, today)).count();
                let mut late_cell =
                    Cell::link(late.to_string(), format!("/tasks?service={service}&late=true"));
                late_cell.mark = late > 0;
                counts.push(vec![
                    title,
                    Cell::link(rows.len().to_string(), format!("/tasks?service={service}")),
                    late_cell,
                ]);
                urgent.extend(rows.iter().map(|row| (*service, row)));
            }
            Err(failure) => counts.push(vec![title, Cell::text(failure.to_string()), Cell::text("—")]),
        }
    }
    urgent.sort_by_key(|(_, row)| at(row, "due_on").as_str().unwrap_or_default().to_owned());
    let rows = urgent.iter().take(URGENT).map(|(service, row)| duty_row(service, row, today)).collect();
    let columns = ["業務", "未完成", "逾期"].map(ToOwned::to_owned).into();
    let sections = vec![
        SectionView {
            title: "待辦統計".into(),
            table: Some(Table {
                caption: "各業務未完成及逾期之法定義務".into(), columns, rows: counts
            }),
            ..SectionView::default()
        },
        SectionView {
            title: "最急迫事項".into(),
            table: Some(duty_table("依期限先後", rows)),
            links: vec![Link::to("全部待辦", "/tasks")],
            ..SectionView::default()
        },
    ];
    let frame = render::frame(&context, Some(&token), "首頁", "/");
    let page = SectionsPage { frame, lead: None, filters: vec![], sections };
    render::data_page(&context, &page)
}

/// Which duties.
#[derive(Debug, Default, Deserialize)]
pub struct Tasks {
    service: Option<String>,
    clause: Option<String>,
    #[serde(default)]
    late: bool,
    state: Option<String>,
    after: Option<String>,
}

/// Duties of one or of all services.
pub async fn tasks(
    context: web::Data<Context>,
    request: HttpRequest,
    wanted: web::Query<Tasks>,
) -> HttpResponse {
    let (reader, token) = match open(&context, &request) {
        Ok(open) => open,
        Err(response) => return response,
    };
    let today = days::taipei_date(context.now());
    let mut sections = vec![];
    for (service, title) in SERVICES {
        if wanted.service.as_deref().is_some_and(|s| s != service) {
            continue;
        }
        let mut query = vec![("limit", "100")];
        if wanted.late {
            query.push(("late", "true"));
        } else {
            query.push(("state", wanted.state.as_deref().unwrap_or("open")));
        }
        query.extend(wanted.clause.as_deref().map(|clause| ("clause", clause)));
        if wanted.service.is_some() {
            query.extend(wanted.after.as_deref().map(|after| ("after", after)));
        }
        let mut section = SectionView { title: title.to_owned(), ..SectionView::default() };
        match reader.get(service, "obligations", &query).await {
            Err(Failure::SignedOut) => return failed(&context, &token, &Failure::SignedOut),
            Err(failure) => section.notice = Some(failure.to_string()),
            Ok(answer) => {
                let items = at(&answer, "items").as_array().cloned().unwrap_or_default();
                let rows = items.iter().map(|row| duty_row(service, row, today)).collect();
                section.table = Some(duty_table(&format!("{title}之法定義務"), rows));
                if let Some(next) = at(&answer, "next").as_str() {
                    section.links.push(Link::to("下一頁", tasks_url(service, &wanted, next)));
                }
            }
        }
        sections.push(section);
    }
    let filter = |label: &str, href: &str, current: bool| Link { current, ..Link::to(label, href) };
    let filters = vec![
        filter("未完成", "/tasks", !wanted.late && wanted.state.is_none()),
        filter("逾期", "/tasks?late=true", wanted.late),
        filter("已完成", "/tasks?state=done", wanted.state.as_deref() == Some("done")),
    ];
    let lead = wanted.clause.as_ref().map(|clause| format!("條款 {clause}"));
    let frame = render::frame(&context, Some(&token), "待辦", "/tasks");
    render::data_page(&context, &SectionsPage { frame, lead, filters, sections })
}

fn tasks_url(service: &str, wanted: &Tasks, next: &str) -> String {
    let mut url = format!("/tasks?service={service}&after={next}");
    if wanted.late {
        url.push_str("&late=true");
    }
    for (name, value) in [("state", &wanted.state), ("clause", &wanted.clause)] {
        // Words and clause ids alone: nothing to escape.
        let plain = |v: &&String| v.chars().all(|c| c.is_ascii_alphanumeric() || ".+_-".contains(c));
        if let Some(value) = value.as_ref().filter(plain) {
            let _ = write!(url, "&{name}={}", value.replace('+', "%2B"));
        }
    }
    url
}
