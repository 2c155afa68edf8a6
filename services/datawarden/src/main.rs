//! `datawarden`: see `datawarden --help`.

fn main() -> anyhow::Result<()> {
    datawarden::commands::run()
}
