//! Acts of the governance log. Destructions and early erasures (H7, I5): each stands under an order for the very same entries,
//! which was approved and entered before it. Successions: how a log ended.

use super::succession::Ended;
use super::{BreakKind, Verifier};
use crate::header::Header;
use crate::succession::opens;
use crate::{APPROVED, DESTRUCTION, DESTRUCTION_ORDER, ERASURE, ERASURE_ORDER, SUCCESSION};

impl Verifier {
    /// Judges an act of the governance log, which is read `from` there on. Only a destruction under its order explains why
    /// entries are missing.
    pub(super) fn act_of(&mut self, log: &str, from: u64, header: &Header) {
        let (Some(action), Some(range)) = (header.action.as_deref(), header.range.as_ref()) else { return };
        let wanted = match action {
            DESTRUCTION_ORDER | ERASURE_ORDER => {
                if header.decision.as_deref() == Some(APPROVED) {
                    self.orders.insert((log.to_owned(), header.index), (action.to_owned(), range.clone()));
                }
                return;
            }
            SUCCESSION if !opens(header) => {
                self.ended.push(Ended::of(range, log, header.index));
                return;
            }
            DESTRUCTION => DESTRUCTION_ORDER,
            ERASURE => ERASURE_ORDER,
            _ => return,
        };
        let is_ordered = header.closes.is_some_and(|order| {
            // What came before the beginning cannot be looked at.
            order < from
                || self
                    .orders
                    .get(&(log.to_owned(), order))
                    .is_some_and(|(kind, of)| kind == wanted && of == range)
        });
        if !is_ordered {
            let detail = "no order for these very entries was approved before it";
            self.report(log, header.index, BreakKind::UnorderedDestruction, detail);
        } else if action == DESTRUCTION {
            self.destroyed.push(range.clone());
        }
    }
}
