//! Prints, files and copies that the gate saw being made (H3.2).

use chassis::{EventMeta, Result, Tx};
use kernel::days;
use query_registry_types::events::OutputRecorded;
use retention_types::OutputKind;

use crate::domain::output::{Output, OutputState};
use crate::store::duties;

pub async fn on_output_recorded(tx: &mut Tx, event: OutputRecorded, _: EventMeta) -> Result<()> {
    if tx.find::<Output>(event.output).await?.is_some() {
        // Told again by a replay: the register's own state counts.
        return Ok(());
    }
    let (context, made_on) = (tx.context(), days::taipei_date(event.at));
    let output = Output {
        id: event.output,
        // A copy of a print or of a file is told as `copy`; paper unless the gate says otherwise.
        kind: if event.kind == "file" { OutputKind::File } else { OutputKind::Paper },
        count: event.count,
        rule_pack: duties::pack(&context, &event.regulation, made_on)
            .map_or_else(String::new, rule_pack::RulePack::reference),
        regulation: event.regulation,
        query: Some(event.query),
        case: event.case,
        person: event.person,
        agency_id: event.agency,
        unit: event.unit,
        made_on,
        from_gate: true,
        due_on: event.due_on,
        state: OutputState::Open,
        not_needed: None,
        settled_on: None,
        settled_by: None,
        destruction: None,
    };
    tx.insert(&output).await?;
    duties::open_filing(tx, &output).await
}
