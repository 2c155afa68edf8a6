//! The console: pages for officials in Traditional Chinese, without JavaScript. It has no data of its own: it asks the
//! other services with the caller's token and shows what they answer. Who may see what is decided there.

use chassis::Service;

pub mod catalogue;
pub mod client;
#[cfg(test)]
mod documents;
pub mod form;
pub mod labels;
pub mod pages;
pub mod render;
pub mod session;
pub mod view;

/// The console.
pub fn service() -> Service {
    Service {
        name: "console",
        title: ("Web pages for officials", "主控台"),
        migrations: Vec::new,
        operations: include_str!("../operations.toml"),
        problems: &[],
        routes: pages::configure,
        consumers: Vec::new,
        replays: Vec::new,
        schedules: Vec::new,
        jobs: Vec::new,
        topics: &[],
        revocations: chassis::revocations::Source::Stream(None),
        init: None,
    }
}
