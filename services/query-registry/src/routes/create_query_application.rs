//! Fills in a query application (H4.2, annex 2) with the user's own endorsement.

use std::collections::{BTreeMap, BTreeSet};

use actix_web::post;
use chassis::document::{self, Filter};
use chassis::endorsements::{self, Matter};
use chassis::{Answer, Command, Problem, Result, Tx};
use chrono::{Days, NaiveDate};
use identity::Usage;
use kernel::ids::{PersonId, UnitId};
use kernel::{Instant, days};
use query_registry_types::applications::{
    ApplicationContent, ApplicationState, CreateQueryApplication, QueryApplicationView,
};

use crate::contents;
use crate::domain::application::{self, QueryApplication};
use crate::domain::case::Case;
use crate::domain::marks;
use crate::domain::refusal::Refusal;
use crate::governance;
use crate::state::{self, Registry};
use crate::store::{changes, register};

/// Fills in a query application and endorses it as its user; one row of the query register.
#[utoipa::path(post, path = "/v1/query-applications", request_body = CreateQueryApplication,
    responses((status = 201, body = QueryApplicationView)))]
#[post("/v1/query-applications")]
pub async fn create_query_application(
    command: Command<CreateQueryApplication>,
) -> Result<Answer<QueryApplicationView>> {
    let person = command.person()?;
    let registry = command.context.state::<Registry>();
    registry.refresh(&mut *command.context.connection().await?).await?;
    let checked = check(&command, &registry)?;
    let CreateQueryApplication { content, endorsement } = &command.body;
    let usage = Usage::CitizenSignature;
    let verified = endorsements::verify(&command.context, endorsement, content, usage).await;
    let card = registry.own_card(person, verified, "/endorsement")?;
    command
        .run(async |tx| {
            let case = tx.hold::<Case>(content.case).await?.ok_or(Refusal::OutsideCase)?;
            let case_marks = checked.check_case(&registry, content, &case, tx.now())?;
            let mut application = checked.application(tx, &command, &registry, &case).await?;
            application.marks = reason_marks(tx, &registry, content, &checked.today).await?;
            application.marks.extend(case_marks);
            let version = tx.insert(&application).await?;
            let matter = Matter {
                agency: Some(application.agency_id),
                regulation: Some(&content.regulation),
                records: &[application.id.0],
            };
            governance::enter_endorsement(tx, "endorsement", endorsement.clone(), (&card, matter)).await?;
            changes::add(tx, "application-submitted", application.agency_id, application.id.0).await?;
            let view = application.view(registry.reminder(&content.regulation, tx.now()));
            Ok(Answer::created(view).version(version))
        })
        .await
}

/// What the content proved before the transaction.
struct Checked {
    today: NaiveDate,
    unit: UnitId,
    account_number: String,
    subjects: BTreeSet<String>,
    valid_until: Instant,
    rule_pack: String,
    digest: String,
}

fn check(command: &Command<CreateQueryApplication>, registry: &Registry) -> Result<Checked> {
    let content = &command.body.content;
    let today = days::taipei_date(command.context.now());
    let unit = command.principal.unit.filter(|unit| *unit == content.unit);
    let unit =
        unit.ok_or_else(|| Problem::invalid("/content/unit", "the unit of the post that you act in"))?;
    check_fields(content, command.person()?, today)?;
    let index = registry.index();
    let rules = index
        .rules
        .named(&content.regulation, today)
        .filter(|rules| rules.passes_gate())
        .ok_or(Refusal::NotAtGate)?;
    application::check_complete(content, rules)?;
    let most = usize::try_from(rules.pack.query.most_persons).unwrap_or(usize::MAX);
    if content.persons.len() > most {
        return Err(Problem::invalid("/content/persons", format!("at most {most}")).into());
    }
    let (person, post) = (command.person()?, command.post()?);
    let account = index
        .account(content.account)
        .filter(|a| a.person == person && a.post == post && a.regulation == content.regulation)
        .ok_or(Refusal::NoAccount)?;
    if account.status != account_types::events::AccountStatus::Active {
        return Err(Refusal::AccountNotActive.into());
    }
    let digest = content.digest().map_err(|_| Problem::invalid("/content", "has no canonical form"))?;
    let hash = |(place, text): (usize, &query_registry_types::PersonalText)| {
        let id = state::national_id(&command.context, text.expose(), &format!("/content/persons/{place}"))?;
        Ok(registry.subjects.hash(id.expose()))
    };
    Ok(Checked {
        today,
        unit,
        account_number: account.number.clone(),
        subjects: content.persons.iter().enumerate().map(hash).collect::<Result<_>>()?,
        valid_until: application::valid_until(rules, command.context.calendar(), today),
        rule_pack: rules.reference.clone(),
        digest,
    })
}

/// What can be said of the fields without rules.
fn check_fields(content: &ApplicationContent, person: PersonId, today: NaiveDate) -> Result<()> {
    let long = |text: Option<&str>| text.is_some_and(|t| t.chars().count() > 1000);
    let fault = if content.user != person {
        Some(("/content/user", "the caller"))
    } else if content.date != today {
        Some(("/content/date", "today in Taipei"))
    } else if content.salt_bytes().is_none() {
        Some(("/content/salt", "64 lower-case hexadecimal digits"))
    } else if long(Some(content.reason.expose())) {
        Some(("/content/reason", "at most 1000 characters"))
    } else if long(content.remarks.as_ref().map(query_registry_types::PersonalText::expose)) {
        Some(("/content/remarks", "at most 1000 characters"))
    } else if long(content.citation.as_deref()) {
        Some(("/content/citation", "at most 1000 characters"))
    } else {
        None
    };
    fault.map_or(Ok(()), |(pointer, detail)| Err(Problem::invalid(pointer, detail).into()))
}

impl Checked {
    /// The case must be the agency's and open, the basis one of its programme's, the persons in it (H2.1, H2.3).
    fn check_case(
        &self,
        registry: &Registry,
        content: &ApplicationContent,
        case: &Case,
        now: Instant,
    ) -> Result<BTreeMap<String, i64>> {
        let mut marks = BTreeMap::new();
        let index = registry.index();
        let today = days::taipei_date(now);
        let rules = index.rules.named(&content.regulation, today).ok_or(Refusal::NotAtGate)?;
        let account = index.account(content.account).ok_or(Refusal::NoAccount)?;
        if account.agency != case.agency_id {
            return Err(Refusal::OutsideCase.into());
        }
        if !case.is_open(today) {
            return Err(Refusal::CaseClosed.into());
        }
        if !rules.basis_holds(&content.legal_basis, &case.programme, today) {
            return Err(Refusal::LegalBasisNotInForce.into());
        }
        if !rules.permits(&account.permission_items, &case.programme) && rules.refuses_other_programme() {
            return Err(Refusal::PermissionMissing.into());
        }
        let outside = self.subjects.difference(&case.subjects).count();
        if outside > 0 {
            if rules.refuses_outside_case() {
                return Err(Refusal::OutsideCase.into());
            }
            marks.insert("outside-case".to_owned(), i64::try_from(outside).unwrap_or(i64::MAX));
        }
        Ok(marks)
    }

    async fn application(
        &self,
        tx: &mut Tx,
        command: &Command<CreateQueryApplication>,
        registry: &Registry,
        case: &Case,
    ) -> Result<QueryApplication> {
        use chrono::Datelike as _;
        let CreateQueryApplication { content, endorsement } = &command.body;
        let number = register::next_number(tx).await?;
        let letter = content.regulation.get(..1).unwrap_or_default().to_uppercase();
        let mut endorsement = endorsement.clone();
        endorsement.signed_at = tx.now();
        Ok(QueryApplication {
            id: tx.new_id(),
            register_number: format!("{letter}{}-{number:07}", self.today.year() - 1911),
            regulation: content.regulation.clone(),
            date: content.date,
            user: content.user,
            post: command.post()?,
            agency_id: command.agency()?,
            unit_id: self.unit,
            account_id: content.account,
            account_number: self.account_number.clone(),
            case_id: content.case,
            programme: case.programme.clone(),
            legal_basis: content.legal_basis.clone(),
            items: content.items.clone(),
            subjects: self.subjects.clone(),
            has_reason: true,
            content: contents::seal(tx, &registry.values, content.date, content).await?,
            digest: self.digest.clone(),
            user_endorsement: endorsement,
            state: ApplicationState::Submitted,
            supervisor: None,
            returned: None,
            valid_until: self.valid_until,
            expiry_told: false,
            marks: BTreeMap::new(),
            rule_pack: self.rule_pack.clone(),
            created_at: tx.now(),
        })
    }
}

/// Applications that a reason is compared with at most.
const COMPARED: i64 = 60;

/// Compares the reason with the user's own of the window (H6.3 ＋).
async fn reason_marks(
    tx: &mut Tx,
    registry: &Registry,
    content: &ApplicationContent,
    today: &NaiveDate,
) -> Result<BTreeMap<String, i64>> {
    let (query, misuse) = {
        let index = registry.index();
        let Some(rules) = index.rules.named(&content.regulation, *today) else { return Ok(BTreeMap::new()) };
        (rules.pack.query.clone(), rules.pack.misuse.clone())
    };
    let since = today.checked_sub_days(Days::new(misuse.reason_days.into())).unwrap_or(*today);
    let filter = Filter::all().eq("user_id", content.user).op("day", ">=", since).newest_first();
    let (mut earlier, mut reader) = (vec![], registry.values.reader());
    for other in document::select::<QueryApplication>(tx.conn(), filter, COMPARED).await? {
        // Many persons of one case for one reason are ordinary work.
        if other.case_id != content.case {
            earlier.push(contents::open(&mut reader, &other.content).await?.reason);
        }
    }
    let earlier = earlier.iter().map(query_registry_types::PersonalText::expose);
    Ok(marks::of_reason(&query, &misuse, content.reason.expose(), earlier))
}
