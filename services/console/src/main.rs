//! The console as a process of its own.

fn main() -> anyhow::Result<()> {
    chassis::command_line::run(&console::service())
}
