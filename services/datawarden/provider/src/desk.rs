//! The providers' own books: which transactions they served in which month.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use kernel::Clock;
use sample_city::{Provider, SampleCity};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::behaviour::{Behaviour, Fate};

/// A provider's calls of one month, in the order of their arrival; a number that came twice stands there twice.
/// Found or not found, and answers that broke off, count; calls that failed or met an outage do not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// The month in Taipei: `2026-05`.
    pub month: String,
    /// How many calls.
    pub count: usize,
    /// Their transaction numbers.
    pub transaction_numbers: Vec<Uuid>,
}

#[derive(Default)]
struct Book {
    behaviour: Behaviour,
    calls: u64,
    months: BTreeMap<String, Vec<Uuid>>,
}

/// One provider.
#[derive(Default)]
pub(crate) struct Desk(Mutex<Book>);

impl Desk {
    fn book(&self) -> MutexGuard<'_, Book> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// From now on behaves so; calls are counted anew.
    pub(crate) fn behave(&self, behaviour: Behaviour) {
        let mut book = self.book();
        book.behaviour = behaviour;
        book.calls = 0;
    }

    pub(crate) fn counts(&self, month: &str) -> Counts {
        let transaction_numbers = self.book().months.get(month).cloned().unwrap_or_default();
        Counts { month: month.to_owned(), count: transaction_numbers.len(), transaction_numbers }
    }

    /// What happens to the next call, and after how many milliseconds.
    pub(crate) fn next(&self) -> (Fate, u64) {
        let mut book = self.book();
        book.calls += 1;
        (book.behaviour.fate(book.calls), book.behaviour.latency_ms)
    }
}

/// Both providers with the registers that they hold.
pub(crate) struct Desks {
    pub(crate) city: Arc<SampleCity>,
    clock: Arc<dyn Clock>,
    household: Desk,
    tax: Desk,
}

impl Desks {
    pub(crate) fn new(city: Arc<SampleCity>, clock: Arc<dyn Clock>) -> Self {
        Self { city, clock, household: Desk::default(), tax: Desk::default() }
    }

    pub(crate) fn of(&self, provider: Provider) -> &Desk {
        match provider {
            Provider::Household => &self.household,
            Provider::Tax => &self.tax,
        }
    }

    /// Writes the call into the provider's book under the month that it is now.
    pub(crate) fn note(&self, provider: Provider, transaction: Uuid) {
        let month = kernel::days::taipei_date(self.clock.now()).format("%Y-%m").to_string();
        self.of(provider).book().months.entry(month).or_default().push(transaction);
    }
}
