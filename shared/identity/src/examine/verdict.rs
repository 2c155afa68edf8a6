//! One verdict out of the checks, the log and what is known of a revocation.

use kernel::{Instant, days};

use super::{Check, stamp};
use crate::crl::Listed;

/// Where the log holds the record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Logged {
    /// By when it stood there: as witnesses say, or as the log itself does.
    pub at: Instant,
    /// Entries under the first head that covers it.
    pub size: u64,
    /// Whether a quorum of witnesses had seen that head.
    pub witnessed: bool,
}

/// A revocation of the card.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Revoked {
    /// Its moment.
    pub since: Instant,
    /// Its reason, if it is known.
    pub reason: Option<&'static str>,
    /// From when on the key may have been in other hands, if a list says so.
    pub invalid_since: Option<Instant>,
}

impl From<Listed> for Revoked {
    fn from(listed: Listed) -> Self {
        let Listed { since, reason, invalid_since } = listed;
        Self { since, reason: Some(reason), invalid_since }
    }
}

impl Revoked {
    /// The moment before which an endorsement must be dated.
    fn bound(&self) -> Instant {
        self.invalid_since.map_or(self.since, |invalid| invalid.min(self.since))
    }

    fn words(&self) -> String {
        let reason = self.reason.map(|reason| format!(" ({reason})")).unwrap_or_default();
        let invalid = self.invalid_since.map(|at| format!(", its key in doubt since {}", stamp(at)));
        format!("the card was revoked {}{reason}{}", stamp(self.since), invalid.unwrap_or_default())
    }
}

/// What it all comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// Whether the endorsement stands.
    pub stands: bool,
    /// In English.
    pub english: String,
    /// In Traditional Chinese.
    pub chinese: String,
}

/// Judges: every check must hold; a revoked card's endorsement must be dated before the revocation.
pub fn judge(
    checks: &[Check],
    has_evidence: bool,
    logged: Option<&Logged>,
    revoked: Option<&Revoked>,
) -> Verdict {
    if let Some(failed) = checks.iter().find(|check| check.is_bad()) {
        let english = format!("REFUSED: the check of «{}» failed", failed.what);
        return Verdict {
            stands: false, english, chinese: "核章不成立：查驗未通過。".to_owned()
        };
    }
    let (mut english, mut chinese) = match (logged, revoked) {
        (Some(logged), Some(revoked)) if logged.at < revoked.bound() => (
            format!("GOOD: made before the revocation; {}. Dated {}", revoked.words(), dated(logged)),
            format!("核章有效：作成於憑證廢止之前。{}", dated_zh(logged)),
        ),
        (Some(logged), Some(revoked)) => {
            return refused(format!(
                "nothing dates it before the revocation; {}. Dated {}",
                revoked.words(),
                dated(logged)
            ));
        }
        (None, Some(revoked)) => {
            return refused(format!(
                "nothing dates it before the revocation; {}. No log was given",
                revoked.words()
            ));
        }
        (Some(logged), None) => (
            format!("GOOD: no revocation is known. Dated {}", dated(logged)),
            format!("核章有效：查無憑證廢止紀錄。{}", dated_zh(logged)),
        ),
        (None, None) => (
            "GOOD, not dated: no revocation is known, and its time is the service's word alone".to_owned(),
            "核章有效，惟未附日誌：其時間僅為系統所稱。".to_owned(),
        ),
    };
    if !has_evidence {
        english.push_str(". No revocation evidence was kept");
        chinese.push_str("未留存憑證廢止狀態之佐證。");
    }
    Verdict { stands: true, english, chinese }
}

fn refused(why: String) -> Verdict {
    let chinese = "核章不成立：無從證明作成於憑證廢止之前。".to_owned();
    Verdict { stands: false, english: format!("REFUSED: {why}"), chinese }
}

/// Without outside witnesses the time of a head is the log's own word: a verdict says so.
fn dated(logged: &Logged) -> String {
    let (at, size) = (stamp(logged.at), logged.size);
    if logged.witnessed {
        format!("{at} by the first head of {size} entries that the witnesses had seen")
    } else {
        format!("{at} by the log's own head of {size} entries, not by a witness")
    }
}

fn dated_zh(logged: &Logged) -> String {
    let at = days::in_taipei(logged.at);
    let (day, time) = (days::roc(at.date_naive()), at.format("%H:%M:%S"));
    let whose =
        if logged.witnessed { "業經外部見證" } else { "依日誌自身之紀錄，未經外部見證" };
    format!("時間為{day} {time}，{whose}。")
}
