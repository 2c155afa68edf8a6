//! Destructions and early erasures (H7, I5): each stands under an order for the very same entries, which was approved and entered
//! before it.

use super::{BreakKind, Verifier};
use crate::header::Header;
use crate::{APPROVED, DESTRUCTION, DESTRUCTION_ORDER, ERASURE, ERASURE_ORDER, GOVERNANCE};

impl Verifier {
    /// Judges an act of the governance log, which is read `from` there on. Only a destruction under its order explains why
    /// entries are missing.
    pub(super) fn act_of(&mut self, from: u64, header: &Header) {
        let (Some(action), Some(range)) = (header.action.as_deref(), header.range.as_ref()) else { return };
        let wanted = match action {
            DESTRUCTION_ORDER | ERASURE_ORDER => {
                if header.decision.as_deref() == Some(APPROVED) {
                    self.orders.insert(header.index, (action.to_owned(), range.clone()));
                }
                return;
            }
            DESTRUCTION => DESTRUCTION_ORDER,
            ERASURE => ERASURE_ORDER,
            _ => return,
        };
        let is_ordered = header.closes.is_some_and(|order| {
            // What came before the beginning cannot be looked at.
            order < from || self.orders.get(&order).is_some_and(|(kind, of)| kind == wanted && of == range)
        });
        if !is_ordered {
            let detail = "no order for these very entries was approved before it";
            self.report(GOVERNANCE, header.index, BreakKind::UnorderedDestruction, detail);
        } else if action == DESTRUCTION {
            self.destroyed.push(range.clone());
        }
    }
}
