//! `create_deputy`

use account_types::{ActContent, CreateDeputy};
use actix_web::post;
use chassis::{Answer, Command, Result};
use kernel::days;
use kernel::ids::PostId;

use crate::domain::person::{Person, deputise};
use crate::domain::records::Deputy;
use crate::{acts, edge};

/// Lets a deputy (職務代理人) act in a post: from, to, scope, under the card of the holder or a superior.
#[utoipa::path(post, path = "/v1/deputies", request_body = CreateDeputy, responses((status = 201, body = Deputy)))]
#[post("/v1/deputies")]
pub async fn create_deputy(command: Command<CreateDeputy>) -> Result<Answer<Deputy>> {
    command
        .run(async |tx| {
            let actor = edge::actor(tx, &command).await?;
            let terms = &command.body.terms;
            let principal = tx.load::<Person>(terms.principal).await?;
            let mut deputy = tx.load::<Person>(terms.deputy).await?;
            let id: PostId = tx.new_id();
            let today = days::taipei_date(tx.now());
            let post = deputise(&principal, &deputy, terms, &actor, (id, today))?;
            let content = ActContent::new("create_deputy", terms.post.0, actor.post, terms);
            edge::endorsed(tx, &actor, &command.body.endorsement, &content, ("H5.2.1", actor.matter()))
                .await?;
            let record = Deputy {
                id: id.0,
                terms: terms.clone(),
                agency_id: post.agency,
                ordered_by: actor.person,
                ordered_at: tx.now(),
                ordered_in: actor.post,
                endorsement: command.body.endorsement.clone(),
                ended: None,
            };
            deputy.posts.push(post);
            acts::save_person(tx, &mut deputy).await?;
            let version = tx.insert(&record).await?;
            let digest = kernel::canonical::sha256_hex(&kernel::canonical::bytes(&record)?);
            acts::record_governance(tx, "deputy", &digest, "H5.2.1").await?;
            Ok(Answer::created(record).version(version))
        })
        .await
}
