//! `open_account`, and the effect of an application that passed every stage.

use account_types::OpenAccount;
use account_types::events::AccountStatus;
use actix_web::{post, web};
use chassis::{Answer, Command, Problem, Result, Stored, Tx};
use chrono::{Datelike as _, NaiveDate};
use kernel::days;
use kernel::ids::{AccountId, PermissionApplicationId, PersonId};
use rule_pack::{RulePack, StageAction};

use crate::domain::account::Account;
use crate::domain::actor::Actor;
use crate::domain::application::{PermissionApplication, Progress, StageInput};
use crate::routes::create_application::path_of;
use crate::{acts, duties, edge, problems, store};

/// What the IT unit adds to the effect.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Effect {
    /// Last day of the permission.
    pub valid_until: Option<NaiveDate>,
}

/// Opens, changes or ends the account as decided, by the IT unit alone (H5.1.2).
#[utoipa::path(post, path = "/v1/permission-applications/{id}/opening", params(("id" = PermissionApplicationId, Path)),
    request_body = OpenAccount, responses((status = 200, body = PermissionApplication)))]
#[post("/v1/permission-applications/{id}/opening")]
pub async fn open_account(
    command: Command<OpenAccount>,
    id: web::Path<PermissionApplicationId>,
) -> Result<Answer<PermissionApplication>> {
    command
        .run(async |tx| {
            let actor = edge::actor(tx, &command).await?;
            let mut application = tx.load::<PermissionApplication>(*id).await?;
            command.expect_version(application.version)?;
            let pack = edge::pack_of(&tx.context(), &application.rule_pack)?;
            let stage = application.stage(path_of(&pack, &application)?)?;
            if stage.action != StageAction::Open {
                let detail = format!("The stage `{}` comes first.", stage.id);
                return Err(Problem::new(&problems::NOT_APPROVED, detail).clause("H5.1.2").into());
            }
            let input = StageInput { stage: stage.id.clone(), ..StageInput::default() };
            let effect = Effect { valid_until: command.body.valid_until };
            let version = step(tx, &actor, &mut application, input, effect).await?;
            Ok(Answer::ok(application.doc).version(version))
        })
        .await
}

/// Does one stage: rule, card, effect, duties, feed.
pub(super) async fn step(
    tx: &mut Tx,
    actor: &Actor,
    application: &mut Stored<PermissionApplication>,
    input: StageInput,
    effect: Effect,
) -> Result<i64> {
    let pack = edge::pack_of(&tx.context(), &application.rule_pack)?;
    let path = path_of(&pack, application)?;
    let stage = application.stage(path)?.clone();
    let content = application.content(actor.post, &input);
    let endorsement = input.endorsement.clone();
    let now = tx.now();
    let progress = application.act(path, actor, input, now)?;
    if let Some(endorsement) = &endorsement {
        edge::endorsed(tx, actor, endorsement, &content, (&stage.clause, application.matter())).await?;
    }
    if progress == Progress::Effective {
        if !application.is_complete(path) {
            return Err(Problem::new(&problems::NOT_APPROVED, "A stage is missing.").clause("H4.1").into());
        }
        let account = carry_out(tx, &pack, application, actor.person, (&stage.clause, effect)).await?;
        application.account_id = Some(account);
    }
    let version = tx.update(application).await?;
    let url = format!("/v1/permission-applications/{}", application.doc.id);
    let next_opens = application.next_stage.is_some()
        && path.stages.get(application.next).is_some_and(|s| s.action == StageAction::Open);
    let subject = application.doc.id.to_string();
    if next_opens {
        // The account is to be there on the first day of the permission.
        let by = application.effective_on().unwrap_or(days::taipei_date(now)).max(days::taipei_date(now));
        duties::open_event_by(tx, &pack, "application_decided", &subject, (None, Some(url)), by).await?;
    } else if progress == Progress::Effective {
        duties::close_event(
            tx,
            &application.regulation,
            "application_decided",
            &subject,
            "carried out",
            &url,
        )
        .await?;
    }
    let cause = match progress {
        Progress::Onward => stage.id.as_str(),
        Progress::Ended => "ended",
        Progress::Effective => "carried_out",
    };
    acts::note_application(tx, application.agency_id, application.doc.id, cause).await?;
    Ok(version)
}

async fn carry_out(
    tx: &mut Tx,
    pack: &RulePack,
    application: &PermissionApplication,
    by: PersonId,
    (clause, effect): (&str, Effect),
) -> Result<AccountId> {
    match (application.kind.as_str(), application.account_id) {
        ("add", _) => open(tx, pack, application, by, (clause, effect)).await,
        ("change", Some(id)) => {
            let mut account = tx.load::<Account>(id).await?;
            account.regrant(application.id, application.items.clone(), effect.valid_until)?;
            acts::save_account(tx, &account, "changed", clause).await?;
            Ok(id)
        }
        (_, Some(id)) => {
            let mut account = tx.load::<Account>(id).await?;
            // Under a provider's own system the path itself did the act there and had it confirmed.
            acts::stop(tx, &mut account, "使用者申請註銷", clause, "confirmed-there").await?;
            Ok(id)
        }
        (_, None) => Err(Problem::new(&problems::NOT_APPROVED, "The application names no account.").into()),
    }
}

async fn open(
    tx: &mut Tx,
    pack: &RulePack,
    application: &PermissionApplication,
    opened_by: PersonId,
    (clause, effect): (&str, Effect),
) -> Result<AccountId> {
    let today = days::taipei_date(tx.now());
    if edge::has_addition(pack, "+training-for-access") {
        let since = days::sub_months(today, pack.accounts.training_valid_months);
        if !store::people::trained_since(tx.conn(), application.person_id, since).await? {
            let detail = "Record the applicant's security training first.";
            return Err(Problem::new(&problems::TRAINING_MISSING, detail).clause("H5.1.5").into());
        }
    }
    let id: AccountId = tx.new_id();
    let tail: String = id.0.simple().to_string().chars().skip(24).collect();
    let number = application
        .allotted
        .clone()
        .unwrap_or_else(|| format!("{}{}-{}", pack.prefix, today.year() - 1911, tail.to_uppercase()));
    let account = Account {
        id,
        number,
        regulation: application.regulation.clone(),
        person_id: application.person_id,
        post_id: application.post_id,
        agency_id: application.agency_id,
        unit_id: application.unit_id,
        status: AccountStatus::Active,
        items: application.items.clone(),
        valid_from: application.effective_on().unwrap_or(today),
        valid_until: effect.valid_until,
        opened_by,
        applications: vec![application.id],
        granted_by: None,
        suspensions: vec![],
        stopped: None,
        revision: 1,
    };
    tx.insert(&account).await?;
    tx.emit(&account.event("opened", clause)).await?;
    store::changes::note(tx, account.agency_id, "account", &format!("/v1/accounts/{id}"), "opened").await?;
    Ok(id)
}
