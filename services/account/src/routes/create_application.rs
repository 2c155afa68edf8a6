//! `create_application`

use std::collections::BTreeMap;

use account_types::{ApplicationForm, CreateApplication};
use actix_web::post;
use chassis::{Answer, Command, Problem, Result, Tx};
use kernel::days;
use rule_pack::{ApplicationKind, FieldKind, Form, RulePack, TickItems};

use crate::domain::account::Account;
use crate::domain::actor::Actor;
use crate::domain::application::{ApplicationStatus, PermissionApplication, StageInput};
use crate::state::AccountState;
use crate::{acts, edge, problems, store};

/// Files a permission application with the applicant's seal (H4.1, H5.2.1; I3.2, I3.3).
#[utoipa::path(post, path = "/v1/permission-applications", request_body = CreateApplication,
    responses((status = 201, body = PermissionApplication)))]
#[post("/v1/permission-applications")]
pub async fn create_application(
    command: Command<CreateApplication>,
) -> Result<Answer<PermissionApplication>> {
    command
        .run(async |tx| {
            let actor = edge::actor(tx, &command).await?;
            let mut application = fill_in(tx, &actor, &command.body).await?;
            seal(tx, &actor, &mut application, &command.body).await?;
            let version = tx.insert(&application).await?;
            after_filing(tx, &application).await?;
            Ok(Answer::created(application).version(version))
        })
        .await
}

/// The application that the form makes, before its first stage.
pub(super) async fn fill_in(
    tx: &mut Tx,
    actor: &Actor,
    body: &CreateApplication,
) -> Result<PermissionApplication> {
    let (context, form) = (tx.context(), &body.form);
    let today = days::taipei_date(tx.now());
    let regulation = form
        .regulation
        .parse()
        .map_err(|_| Problem::invalid("/form/regulation", "household, immigration or tax"))?;
    let pack = edge::pack(&context, regulation, today)?;
    let kind = kind(&form.kind)?;
    let path = pack.path_for(actor.agency_kind.pack_id(), kind).ok_or_else(|| {
        Problem::new(
            &problems::CLAUSE_UNKNOWN,
            "The rule pack has no path for this agency and kind of application.",
        )
        .clause("H2.2")
    })?;
    if actor.acting_for.is_some() || form.post != actor.post {
        return Err(Problem::invalid("/form/post", "apply in your own post, signed in to it").into());
    }
    let blank = pack
        .form(&path.form)
        .ok_or_else(|| anyhow::anyhow!("rule pack {} lacks form {}", pack.id, path.form))?;
    let (fields, personal) = split_fields(blank, form)?;
    check_items(&pack, blank, form)?;
    check_account(tx, actor, form).await?;
    if edge::has_addition(&pack, "+officer-required")
        && kind == ApplicationKind::Add
        && !store::people::has_role(tx.conn(), actor.agency, "designated_officer", actor.person, today)
            .await?
    {
        let detail = "Have the agency appoint a designated officer first.";
        return Err(Problem::new(&problems::OFFICER_MISSING, detail).clause("I3.2").into());
    }
    let state = context.state::<AccountState>();
    let mut sealed_fields = BTreeMap::new();
    for (id, value) in personal {
        sealed_fields.insert(id, state.applications.seal(&value)?);
    }
    let form_digest =
        form.digest(&body.salt).map_err(|_| Problem::invalid("/salt", "64 hexadecimal digits"))?;
    Ok(PermissionApplication {
        id: tx.new_id(),
        regulation: form.regulation.clone(),
        kind: form.kind.clone(),
        rule_pack: pack.reference(),
        path: path.id.clone(),
        form: path.form.clone(),
        person_id: actor.person,
        post_id: actor.post,
        agency_id: actor.agency,
        agency_kind: actor.agency_kind,
        unit_id: actor.unit,
        account_id: form.account,
        fields,
        sealed_fields,
        items: form.items.clone(),
        form_digest,
        salt: body.salt.clone(),
        status: ApplicationStatus::InProgress,
        round: 1,
        next: 0,
        next_stage: path.stages.first().map(|s| s.id.clone()),
        joint_units: vec![],
        proposed: None,
        result: None,
        allotted: None,
        steps: vec![],
        filed_at: tx.now(),
        closed_at: None,
    })
}

/// The first stage: the applicant's seal.
pub(super) async fn seal(
    tx: &mut Tx,
    actor: &Actor,
    application: &mut PermissionApplication,
    body: &CreateApplication,
) -> Result<()> {
    let context = tx.context();
    let pack = edge::pack_of(&context, &application.rule_pack)?;
    let path = path_of(&pack, application)?;
    let stage = application.stage(path)?.id.clone();
    let input = StageInput { stage, endorsement: body.endorsement.clone(), ..StageInput::default() };
    if let Some(endorsement) = &input.endorsement {
        let content = application.content(actor.post, &input);
        edge::endorsed(tx, actor, endorsement, &content, ("H5.2.1", application.matter())).await?;
    }
    let now = tx.now();
    application.act(path, actor, input, now)?;
    Ok(())
}

/// The path of an application in its pack.
pub(crate) fn path_of<'a>(
    pack: &'a RulePack,
    application: &PermissionApplication,
) -> Result<&'a rule_pack::ApplicationPath> {
    pack.paths.iter().find(|p| p.id == application.path).ok_or_else(|| {
        Problem::new(&problems::CLAUSE_UNKNOWN, "The rule pack no longer has the path of this application.")
            .into()
    })
}

/// Who applies himself is not stopped ex officio meanwhile (H5.2.2).
pub(super) async fn after_filing(tx: &mut Tx, application: &PermissionApplication) -> Result<()> {
    acts::note_application(tx, application.agency_id, application.id, "filed").await?;
    if let (Some(account), "change" | "cancel") = (application.account_id, application.kind.as_str()) {
        let account = tx.load::<Account>(account).await?;
        acts::settle_personnel(tx, &account, "applied").await?;
    }
    Ok(())
}

fn kind(text: &str) -> Result<ApplicationKind> {
    match text {
        "add" => Ok(ApplicationKind::Add),
        "change" => Ok(ApplicationKind::Change),
        "cancel" => Ok(ApplicationKind::Cancel),
        _ => Err(Problem::invalid("/form/kind", "add, change or cancel").into()),
    }
}

type Fields = BTreeMap<String, String>;

/// Every field that the form asks for, and no other; personal ones apart.
fn split_fields(blank: &Form, form: &ApplicationForm) -> Result<(Fields, Fields)> {
    let mut problem = Problem::new(&chassis::problem::MALFORMED, "Fill in the form as the rule pack has it.");
    for id in form.fields.keys().filter(|id| !blank.fields.iter().any(|f| f.id == **id)) {
        problem = problem.field(format!("/form/fields/{id}"), "not a field of this form");
    }
    let (mut plain, mut personal) = (Fields::new(), Fields::new());
    for field in &blank.fields {
        let value = form.fields.get(&field.id).map(|v| v.trim()).unwrap_or_default();
        let pointer = format!("/form/fields/{}", field.id);
        if value.is_empty() {
            if field.required {
                problem = problem.field(pointer, "is required");
            }
            continue;
        }
        if value.chars().count() > 1000 {
            problem = problem.field(pointer, "at most 1000 characters");
        } else if !field.options.is_empty() && !field.options.iter().any(|o| o.id == value) {
            problem = problem.field(pointer, "not one of the choices");
        } else if field.kind == FieldKind::Date && value.parse::<chrono::NaiveDate>().is_err() {
            problem = problem.field(pointer, "not a day as 2026-03-02");
        }
        let into = match field.kind {
            FieldKind::NationalId | FieldKind::Name | FieldKind::Email | FieldKind::Phone => &mut personal,
            _ => &mut plain,
        };
        into.insert(field.id.clone(), value.to_owned());
    }
    if problem.errors.is_empty() { Ok((plain, personal)) } else { Err(problem.into()) }
}

fn check_items(pack: &RulePack, blank: &Form, form: &ApplicationForm) -> Result<()> {
    let known = |id: &str| match blank.tick_items {
        TickItems::PermissionItems => pack.permission_item(id).is_some(),
        TickItems::QueryItems => pack.query_item(id).is_some(),
        TickItems::None => false,
    };
    if let Some(id) = form.items.iter().find(|id| !known(id)) {
        return Err(Problem::invalid(format!("/form/items/{id}"), "not an item of this form")
            .clause("I3.1")
            .into());
    }
    if form.items.is_empty() && form.kind != "cancel" {
        return Err(Problem::invalid("/form/items", "tick at least one item").into());
    }
    Ok(())
}

/// The account stays blank on a new application (新申請勿填); else it is the applicant's own, and lives.
async fn check_account(tx: &mut Tx, actor: &Actor, form: &ApplicationForm) -> Result<()> {
    match (form.kind.as_str(), form.account) {
        ("add", None) => Ok(()),
        ("add", Some(_)) => {
            Err(Problem::invalid("/form/account", "stays blank on a new application").clause("H5.2.1").into())
        }
        (_, None) => Err(Problem::invalid("/form/account", "name the account").into()),
        (_, Some(id)) => {
            let account = tx.load::<Account>(id).await?;
            if account.person_id != actor.person || account.regulation != form.regulation {
                return Err(Problem::invalid(
                    "/form/account",
                    "not an account of yours under this regulation",
                )
                .into());
            }
            if account.stopped.is_some() {
                return Err(crate::domain::account::AccountError::Stopped.into());
            }
            Ok(())
        }
    }
}
