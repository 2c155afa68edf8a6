//! The retention service as a process of its own.

fn main() -> anyhow::Result<()> {
    chassis::command_line::run(&retention::service())
}
