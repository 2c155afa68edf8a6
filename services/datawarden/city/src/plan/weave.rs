//! Weaves the planted items into a plan.

use chrono::{Duration, NaiveDate};

use super::honest::{HOUSEHOLD_SETS, TAX_SETS, after, office_time, reason};
use super::{Draft, Fault, PlannedAct, PlannedQuery, Provider};
use crate::chance::{Chance, id};
use crate::planted::{Misbehaviour, Planted};

/// Adds every planted item whose day the plan covers.
pub(super) fn weave(draft: &mut Draft<'_>) {
    for item in &draft.city.planted {
        let Some(official) = item.official(draft.city) else { continue };
        let day = draft.day(item.day_offset);
        if day < draft.settings.end {
            // A stream of its own: an item more or less leaves the others as they are.
            let chance = Chance::new(draft.city.settings.seed, &format!("planted/{}", item.id));
            Weaver { draft, item, official, day, chance }.weave();
        }
    }
}

struct Weaver<'d, 'a> {
    draft: &'d mut Draft<'a>,
    item: &'a Planted,
    official: usize,
    day: NaiveDate,
    chance: Chance,
}

impl Weaver<'_, '_> {
    fn weave(&mut self) {
        match &self.item.act {
            Misbehaviour::LostCardUsed { attempts, replaced_after_days } => {
                self.lost_card(*attempts, *replaced_after_days);
            }
            Misbehaviour::TransferredStillQuerying { queries, .. } => {
                // On the day of the transfer itself and the working days after it.
                for number in 0..*queries {
                    let day = self.draft.calendar.working_days_after(self.day, number / 2);
                    self.office_session(day, 1, true);
                }
            }
            Misbehaviour::NightQueries { queries, hour } => self.night(*queries, *hour),
            Misbehaviour::OwnRelatives { queries } | Misbehaviour::SequentialIds { queries } => {
                self.planted_case(*queries);
            }
            Misbehaviour::CopiedReasons { queries, reason } => self.copied(*queries, reason),
            Misbehaviour::MissingTaxFollowup { queries } => {
                for _ in 0..*queries {
                    self.office_session(self.day, 1, false);
                }
            }
            Misbehaviour::ReportEndorsedLate { working_days_late } => {
                let (planted, official) = (self.item.id.clone(), self.official);
                let (of, working_days_late) = (self.day, *working_days_late);
                self.draft.act(of, PlannedAct::ReportHeldBack { planted, official, of, working_days_late });
            }
            Misbehaviour::PersonOutsideCase { queries } => self.outside_case(*queries),
            Misbehaviour::ProviderCallPastGate { provider, calls } => self.past_gate(*provider, *calls),
            Misbehaviour::EditedLogRow => {
                self.draft.act(self.day, PlannedAct::EditLogRow(self.item.id.clone()));
            }
            Misbehaviour::OpenIntent => {
                if let Some(mut query) = self.query(self.day, None, Provider::Household) {
                    query.fault = Some(Fault::DiesAfterIntent);
                    self.draft.add(query);
                }
            }
            Misbehaviour::NeverAuthorisedAttempt { attempts } => {
                for _ in 0..*attempts {
                    self.office_session(self.day, 1, false);
                }
            }
            // These happen in the agency's system: the log export holds them.
            Misbehaviour::ImmigrationNotApproved { .. }
            | Misbehaviour::ImmigrationItemNotApproved { .. }
            | Misbehaviour::ImmigrationFrequency { .. } => {}
        }
    }

    /// A planted query in office hours on `day`, about a person of a random open case or of `case`.
    fn query(&mut self, day: NaiveDate, case: Option<usize>, provider: Provider) -> Option<PlannedQuery> {
        let city = self.draft.city;
        let open = self.draft.open_cases(self.official, day);
        let case = match case {
            Some(case) => case,
            None => *open.get(self.chance.below(open.len()))?,
        };
        let persons = &city.cases[case].persons;
        let citizen = *persons.get(self.chance.below(persons.len()))?;
        let post = city.officials[self.official].posts.first()?.id;
        let tax = provider == Provider::Tax;
        Some(PlannedQuery {
            number: 0,
            at: office_time(&mut self.chance, day),
            official: self.official,
            post,
            provider,
            case,
            citizen,
            items: if tax { TAX_SETS[0] } else { HOUSEHOLD_SETS[self.chance.below(4)] },
            reason: reason(&mut self.chance, city, (case, citizen), provider),
            session: self.draft.next_session(),
            retrieval: None,
            fault: None,
            planted: Some(self.item.id.clone()),
        })
    }

    /// Adds `household` and, `minutes` later, the tax query that belongs to it, so that only what is planted shows.
    fn add_with_tax(&mut self, household: PlannedQuery, minutes: i64) {
        let mut tax = PlannedQuery {
            at: household.at + Duration::minutes(minutes),
            provider: Provider::Tax,
            items: TAX_SETS[0],
            ..household.clone()
        };
        let place = (tax.case, tax.citizen);
        if !matches!(self.item.act, Misbehaviour::CopiedReasons { .. }) {
            tax.reason = reason(&mut self.chance, self.draft.city, place, Provider::Tax);
        }
        self.draft.add(household);
        self.draft.add(tax);
    }

    fn office_session(&mut self, day: NaiveDate, count: u32, tax: bool) {
        for _ in 0..count {
            match self.query(day, None, Provider::Household) {
                Some(query) if tax => self.add_with_tax(query, 5),
                Some(query) => drop(self.draft.add(query)),
                None => {}
            }
        }
    }

    fn lost_card(&mut self, attempts: u32, replaced_after_days: u32) {
        let reported = kernel::days::at(self.day, 8, 35);
        let lost = PlannedAct::CardLost(self.item.id.clone(), self.official, reported);
        self.draft.act(self.day, lost);
        for number in 0..attempts {
            if let Some(mut query) = self.query(self.day, None, Provider::Household) {
                query.at = reported + Duration::minutes(20 + 7 * i64::from(number));
                self.draft.add(query);
            }
        }
        let replaced = self.draft.calendar.on_or_after(after(self.day, replaced_after_days));
        self.draft.act(replaced, PlannedAct::CardReplaced(self.item.id.clone(), self.official));
    }

    fn night(&mut self, queries: u32, hour: u32) {
        for number in 0..queries {
            if let Some(mut query) = self.query(self.day, None, Provider::Household) {
                query.at = kernel::days::at(self.day, hour, 0) + Duration::minutes(4 * i64::from(number));
                self.add_with_tax(query, 2);
            }
        }
    }

    /// Queries over the persons of the case that was made for this item, in the case's order.
    fn planted_case(&mut self, queries: u32) {
        let city = self.draft.city;
        let Some(case) = city.cases.iter().position(|c| c.planted.as_ref() == Some(&self.item.id)) else {
            return;
        };
        let mut at = office_time(&mut self.chance, self.day);
        let wanted = usize::try_from(queries).unwrap_or_default();
        for citizen in city.cases[case].persons.iter().copied().take(wanted) {
            if let Some(mut query) = self.query(self.day, Some(case), Provider::Household) {
                query.citizen = citizen;
                query.at = at;
                query.reason = reason(&mut self.chance, city, (case, citizen), Provider::Household);
                self.add_with_tax(query, 25);
                at += Duration::seconds(90);
            }
        }
    }

    fn copied(&mut self, queries: u32, text: &str) {
        for number in 0..queries {
            let day = self.draft.calendar.working_days_after(self.day, number / 3);
            if let Some(mut query) = self.query(day, None, Provider::Household) {
                text.clone_into(&mut query.reason);
                self.add_with_tax(query, 4);
            }
        }
    }

    fn outside_case(&mut self, queries: u32) {
        for _ in 0..queries {
            let Some(mut query) = self.query(self.day, None, Provider::Household) else { continue };
            let city = self.draft.city;
            // The neighbour in the list who is neither in the case nor a relative of the official.
            let own = &city.officials[self.official];
            let relatives = city.relatives(own);
            let persons = &city.cases[query.case].persons;
            let count = city.citizens.len();
            let stranger = (100..count)
                .map(|step| (query.citizen + step) % count)
                .find(|i| !persons.contains(i) && !relatives.contains(i) && *i != own.citizen);
            query.citizen = stranger.unwrap_or(query.citizen);
            self.draft.add(query);
        }
    }

    fn past_gate(&mut self, provider: Provider, calls: u32) {
        for number in 0..calls {
            let citizen = self.chance.below(self.draft.city.citizens.len());
            let at = kernel::days::at(self.day, 19, 40) + Duration::minutes(i64::from(number));
            let transaction = id("past-gate", &format!("{}/{number}", self.item.id));
            let planted = self.item.id.clone();
            self.draft
                .act(self.day, PlannedAct::CallPastGate { planted, provider, citizen, at, transaction });
        }
    }
}
