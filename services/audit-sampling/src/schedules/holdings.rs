//! Each month: what this service holds of each past month, so that retention can plan its end.

use audit_sampling_types::events::HoldingCounted;
use chassis::{Context, Result};
use chrono::{DateTime, Utc};
use kernel::days;
use rule_pack::Regulation;

use crate::store::destruction::{self, KINDS};

/// Counts the month before `due`. Records of earlier months change no more: they count from the day of their closing.
pub async fn count(context: &Context, due: DateTime<Utc>) -> Result<()> {
    let month = days::sub_months(days::first_of_month(days::taipei_date(due)), 1);
    context
        .transaction(async |tx| {
            for kind in KINDS {
                for regulation in Regulation::ALL {
                    let count = destruction::count(tx.conn(), kind, regulation.as_str(), month).await?;
                    if count > 0 {
                        let event = HoldingCounted {
                            record_kind: kind.as_str().to_owned(),
                            regulation: regulation.as_str().to_owned(),
                            month,
                            count,
                        };
                        tx.emit(&event).await?;
                    }
                }
            }
            Ok(())
        })
        .await
}
