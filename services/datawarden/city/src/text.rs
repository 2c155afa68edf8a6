//! Invented names, CSV fields, and the text over which digests are taken.

use std::fmt::Write as _;

use crate::SampleCity;
use crate::chance::Chance;
use crate::citizens::Sex;
use crate::plan::YearPlan;

const SURNAMES: [&str; 30] = [
    "陳", "林", "黃", "張", "李", "王", "吳", "劉", "蔡", "楊", "許", "鄭", "謝", "郭", "洪", "曾", "邱",
    "廖", "賴", "周", "徐", "蘇", "葉", "莊", "呂", "江", "何", "蕭", "羅", "高",
];
/// The first character of every given name says that the person is made up.
const MARKS: [&str; 8] = ["範", "擬", "例", "樣", "試", "虛", "假", "設"];
const FEMALE: [&str; 16] =
    ["芬", "玲", "惠", "婷", "雯", "慧", "君", "怡", "珍", "華", "英", "蓉", "萍", "瑜", "琪", "安"];
const MALE: [&str; 16] =
    ["明", "強", "偉", "宏", "傑", "豪", "志", "文", "忠", "峰", "凱", "翔", "成", "霖", "勳", "安"];

pub(crate) fn surname(chance: &mut Chance) -> &'static str {
    chance.pick(&SURNAMES)
}

/// A made-up name: surname, a character that marks it as invented, a given name's character.
pub(crate) fn person_name(chance: &mut Chance, surname: &str, sex: Sex) -> String {
    let last = chance.pick(if sex == Sex::Female { &FEMALE } else { &MALE });
    format!("{surname}{}{last}", chance.pick(&MARKS))
}

/// One CSV line (RFC 4180), with CRLF.
pub(crate) fn csv_line<'a>(fields: impl IntoIterator<Item = &'a str>) -> String {
    let quoted: Vec<String> = fields
        .into_iter()
        .map(|f| {
            if f.contains([',', '"', '\r', '\n']) {
                format!("\"{}\"", f.replace('"', "\"\""))
            } else {
                f.to_owned()
            }
        })
        .collect();
    quoted.join(",") + "\r\n"
}

/// Everything in the city as text. Writing to a `String` cannot fail, hence the ignored results.
pub(crate) fn of_city(city: &SampleCity) -> String {
    let mut out = String::with_capacity(16 << 20);
    let _ = writeln!(out, "{:?}\n{:?}\n{:?}", city.settings, city.agencies, city.systems);
    for h in &city.households {
        let _ = writeln!(out, "{} {} {} {:?}", h.number, h.district, h.address, h.members);
    }
    for c in &city.citizens {
        // The id by itself: its Debug form hides it.
        let _ = writeln!(out, "{} {c:?}", c.national_id.expose());
    }
    for o in &city.officials {
        let _ = writeln!(out, "{} {o:?}", o.national_id.expose());
    }
    for case in &city.cases {
        let _ = writeln!(out, "{case:?}");
    }
    let _ = writeln!(out, "{:?}", city.planted);
    out
}

/// Everything in the plan as text.
pub(crate) fn of_plan(plan: &YearPlan) -> String {
    let mut out = String::with_capacity(16 << 20);
    for day in &plan.days {
        let _ = writeln!(out, "{day:?}");
    }
    out
}
