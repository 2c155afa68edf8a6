//! `record_training`

use account_types::RecordTraining;
use actix_web::post;
use chassis::{Answer, Command, Problem, Result};
use kernel::days;
use rule_pack::RhythmKind;

use crate::domain::person::Person;
use crate::domain::records::Training;
use crate::{duties, edge};

/// Records a security training with those who took part (H5.1.5).
#[utoipa::path(post, path = "/v1/trainings", request_body = RecordTraining, responses((status = 201, body = Training)))]
#[post("/v1/trainings")]
pub async fn record_training(command: Command<RecordTraining>) -> Result<Answer<Training>> {
    edge::text("/title", &command.body.title, 200)?;
    if command.body.participants.is_empty() {
        return Err(Problem::invalid("/participants", "name those who took part").clause("H5.1.5").into());
    }
    command
        .run(async |tx| {
            let (body, today) = (&command.body, days::taipei_date(tx.now()));
            if body.held_on > today {
                return Err(Problem::invalid("/held_on", "lies in the future").into());
            }
            for (i, person) in body.participants.iter().enumerate() {
                if tx.find::<Person>(*person).await?.is_none() {
                    return Err(Problem::invalid(format!("/participants/{i}"), "nobody has this id").into());
                }
            }
            let training = Training {
                id: tx.new_id(),
                title: body.title.clone(),
                held_on: body.held_on,
                hours: body.hours,
                participants: body.participants.clone(),
                recorded_by: command.person()?,
            };
            let version = tx.insert(&training).await?;
            let context = tx.context();
            for pack in duties::packs_on(&context, today) {
                let what = format!("training held, {} took part", body.participants.len());
                let about = (body.held_on, None);
                duties::close_latest(tx, &pack, RhythmKind::SecurityTraining, about, &what, "/v1/trainings")
                    .await?;
            }
            Ok(Answer::created(training).version(version))
        })
        .await
}
