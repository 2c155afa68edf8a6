//! Tells agencies' systems which applications can no longer be used (H4.2).

use chassis::document::{self, Filter};
use chassis::{Context, Result};
use kernel::Instant;
use query_registry_types::applications::ApplicationState;

use crate::domain::application::QueryApplication;
use crate::store::changes;

/// Applications told of in one transaction.
const BATCH: i64 = 500;

/// Tells of every application that expired by `due`.
pub async fn run(context: &Context, due: Instant) -> Result<()> {
    loop {
        let told = context
            .transaction(async |tx| {
                let filter = Filter::all().eq("expiry_told", false).op("valid_until", "<=", due);
                let expired = document::select::<QueryApplication>(tx.conn(), filter, BATCH).await?;
                let count = expired.len();
                for mut application in expired {
                    application.doc.expiry_told = true;
                    tx.update(&application).await?;
                    // One that was returned cannot be used anyway, and its agency knows.
                    if application.state == ApplicationState::Returned {
                        continue;
                    }
                    let (agency, id) = (application.agency_id, application.id.0);
                    changes::add(tx, "application-expired", agency, id).await?;
                }
                Ok(count)
            })
            .await?;
        if told < usize::try_from(BATCH).unwrap_or(usize::MAX) {
            return Ok(());
        }
    }
}
