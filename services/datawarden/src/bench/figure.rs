//! A figure with its goal, how figures are printed and kept, and the value below which a part of many lies.

use std::path::Path;

use serde::Serialize;
use serde_json::Value;

use crate::commands::say;

/// Which way is better.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Better {
    /// Less is better.
    Lower,
    /// More is better.
    Higher,
}

/// One figure.
#[derive(Debug, Clone, Serialize)]
pub struct Figure {
    /// What was measured.
    pub name: String,
    /// The median of the run.
    pub value: f64,
    /// Unit.
    pub unit: &'static str,
    /// The goal of design.
    pub goal: f64,
    /// Which way is better.
    pub better: Better,
    /// Whether the goal is met.
    pub met: bool,
}

impl Figure {
    fn new(name: &str, value: f64, unit: &'static str, better: Better, goal: f64) -> Self {
        let met = match better {
            Better::Lower => value <= goal,
            Better::Higher => value >= goal,
        };
        Self { name: name.to_owned(), value, unit, goal, better, met }
    }

    /// A figure of which less is better.
    pub fn lower(name: &str, value: f64, unit: &'static str, goal: f64) -> Self {
        Self::new(name, value, unit, Better::Lower, goal)
    }

    /// A figure without a goal, for comparison.
    pub fn noted(name: &str, value: f64, unit: &'static str) -> Self {
        Self::higher(name, value, unit, 0.0)
    }

    /// A figure of which more is better.
    pub fn higher(name: &str, value: f64, unit: &'static str, goal: f64) -> Self {
        Self::new(name, value, unit, Better::Higher, goal)
    }
}

/// Prints more figures and adds them to those that `out` holds, in place of older ones of the same names.
pub fn add(out: &Path, figures: &[Figure]) -> anyhow::Result<()> {
    head();
    figures.iter().for_each(show);
    let known: Vec<Value> = match std::fs::read(out) {
        Ok(text) => serde_json::from_slice(&text)?,
        Err(_) => vec![],
    };
    let is_new = |old: &Value| figures.iter().any(|figure| old["name"] == figure.name.as_str());
    let mut all: Vec<Value> = known.into_iter().filter(|old| !is_new(old)).collect();
    for figure in figures {
        all.push(serde_json::to_value(figure)?);
    }
    write(out, &all)
}

pub(super) fn write<T: Serialize>(out: &Path, figures: &[T]) -> anyhow::Result<()> {
    if let Some(parent) = out.parent() {
        std::fs::create_dir_all(parent)?;
    }
    Ok(std::fs::write(out, serde_json::to_string_pretty(figures)?)?)
}

/// What stands above figures that are shown.
pub(super) fn head() {
    say(format!("{:<70} {:>10} {:>11}", "figure", "value", "goal"));
}

/// Shows a figure with its goal.
pub(super) fn show(figure: &Figure) {
    let sign = if figure.better == Better::Lower { "≤" } else { "≥" };
    let verdict = if figure.met { "" } else { "   MISSED" };
    // A figure without a goal is there for comparison.
    let goal = if figure.goal > 0.0 {
        format!("{sign} {:>7.2} {:<4}{verdict}", figure.goal, figure.unit)
    } else {
        String::new()
    };
    say(format!("{:<70} {:>10.3} {:<4} {goal}", figure.name, figure.value, figure.unit));
}

/// The value below which `part` (0–1) of `values` lie; sorts them.
pub(super) fn quantile(values: &mut [f64], part: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "an index of few values"
    )]
    let index = ((values.len().saturating_sub(1)) as f64 * part).round() as usize;
    values.get(index).copied().unwrap_or(f64::NAN)
}
