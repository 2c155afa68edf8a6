//! The query registry as a process of its own.

fn main() -> anyhow::Result<()> {
    chassis::main::run(&query_registry::service())
}
