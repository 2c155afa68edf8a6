//! `attest`

use account_types::{Attest, AttestationKind};
use actix_web::post;
use chassis::{Answer, Command, Problem, Result};
use kernel::days;
use rule_pack::RhythmKind;

use crate::domain::account::Account;
use crate::domain::records::Attestation;
use crate::{duties, edge, problems};

/// Attests a duty of one's own account: PIN and platform password changed (H5.2.3), log-out instruction kept (I3.5).
#[utoipa::path(post, path = "/v1/attestations", request_body = Attest, responses((status = 201, body = Attestation)))]
#[post("/v1/attestations")]
pub async fn attest(command: Command<Attest>) -> Result<Answer<Attestation>> {
    let me = command.person()?;
    command
        .run(async |tx| {
            let (body, now) = (&command.body, tx.now());
            let today = days::taipei_date(now);
            let account = tx.load::<Account>(body.account).await?;
            if account.person_id != me {
                let detail = "Only the holder attests for an account.";
                return Err(Problem::new(&problems::NOT_THE_ACTOR, detail).clause("H5.2.3").into());
            }
            if body.done_on > today {
                return Err(Problem::invalid("/done_on", "lies in the future").into());
            }
            let attestation = Attestation {
                id: tx.new_id(),
                account_id: body.account,
                person_id: me,
                agency_id: account.agency_id,
                kind: body.kind,
                done_on: body.done_on,
                at: now,
            };
            let version = tx.insert(&attestation).await?;
            let rhythm = match body.kind {
                AttestationKind::PinChanged => RhythmKind::PinChangeReminder,
                AttestationKind::LogOut => RhythmKind::LogoutAttestation,
            };
            let context = tx.context();
            let pack = edge::pack(&context, edge::regulation(&account.regulation)?, today)?;
            let about = (body.done_on, Some(body.account.0));
            duties::close_latest(tx, &pack, rhythm, about, "attested", "/v1/attestations").await?;
            Ok(Answer::created(attestation).version(version))
        })
        .await
}
