//! The account service as a process of its own.

fn main() -> anyhow::Result<()> {
    chassis::command_line::run(&account::service())
}
