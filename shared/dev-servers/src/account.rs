//! Which operating-system account a server runs under.
//!
//! PostgreSQL refuses root, and neither it nor Redis needs root. Where this process is root, they run under
//! an unprivileged account; otherwise under the account of this process.

use std::{
    fs,
    os::unix::fs::chown,
    path::Path,
    process::{Command, Stdio},
};

use crate::Error;

/// How a server's programs are started: under which account, and with what help to reach its folder.
#[derive(Debug, Clone)]
pub(crate) struct Account {
    /// User and group ids to drop to; `None` keeps those of this process.
    ids: Option<(u32, u32)>,
    /// A capability kept for folders under a closed parent such as `/root`.
    capability: Option<&'static str>,
}

impl Account {
    /// The account of this process.
    pub(crate) fn own() -> Self {
        Self { ids: None, capability: None }
    }

    /// An account that may own and enter `folder`: the own one, or, for root, the first of `names` that
    /// exists. Gives it the folder.
    ///
    /// A clone in `/root` or a temporary folder has parents that only root may enter. There the account
    /// keeps the one capability that lets it pass: reading by preference, overriding where a container
    /// leaves nothing else.
    pub(crate) fn unprivileged(names: &[&str], folder: &Path) -> Result<Self, Error> {
        if !rustix::process::geteuid().is_root() {
            return Ok(Self::own());
        }
        let no_account = || Error::NoAccount { folder: folder.to_owned() };
        let passwd = fs::read_to_string("/etc/passwd").map_err(Error::file("read", "/etc/passwd"))?;
        let ids = names.iter().find_map(|name| ids_of(&passwd, name)).ok_or_else(no_account)?;
        chown(folder, Some(ids.0), Some(ids.1)).map_err(Error::file("hand over", folder))?;
        [None, Some("dac_read_search"), Some("dac_override")]
            .into_iter()
            .map(|capability| Self { ids: Some(ids), capability })
            .find(|account| account.can_enter(folder))
            .ok_or_else(no_account)
    }

    /// A command for `program` under this account, which gets `death_signal` when the thread that starts
    /// it ends. Settings of PostgreSQL's clients in the environment are left behind.
    pub(crate) fn command(&self, death_signal: &str, program: &Path) -> Command {
        let mut command = Command::new("setpriv");
        command.arg(format!("--pdeathsig={death_signal}")).arg("--no-new-privs");
        if let Some((uid, gid)) = self.ids {
            command.args([format!("--reuid={uid}"), format!("--regid={gid}"), "--clear-groups".to_owned()]);
            // Without this, root's inheritable set would be kept as it is.
            let kept = self.capability.map_or_else(|| "-all".to_owned(), |name| format!("-all,+{name}"));
            command.args([format!("--inh-caps={kept}"), format!("--bounding-set={kept}")]);
            if let Some(name) = self.capability {
                command.arg(format!("--ambient-caps=+{name}"));
            }
        }
        command.arg("--").arg(program);
        for name in
            ["PGDATA", "PGHOST", "PGPORT", "PGUSER", "PGDATABASE", "PGOPTIONS", "PGPASSWORD", "PGSERVICE"]
        {
            command.env_remove(name);
        }
        command
    }

    /// Gives a folder or file to the account.
    pub(crate) fn own_path(&self, path: &Path) -> Result<(), Error> {
        self.ids.map_or(Ok(()), |(uid, gid)| {
            chown(path, Some(uid), Some(gid)).map_err(Error::file("hand over", path))
        })
    }

    /// Whether the account can write in `folder`, by doing so: `access(2)`, which `test -w` asks, leaves
    /// kept capabilities out of account for any user but root.
    fn can_enter(&self, folder: &Path) -> bool {
        let probe = folder.join("probe");
        self.command("KILL", Path::new("mkdir"))
            .arg(&probe)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .is_ok_and(|status| status.success())
            && fs::remove_dir(&probe).is_ok()
    }
}

/// User and group id of `name` in the text of `/etc/passwd`.
fn ids_of(passwd: &str, name: &str) -> Option<(u32, u32)> {
    passwd.lines().find_map(|line| {
        let mut fields = line.split(':');
        (fields.next() == Some(name)).then_some(())?;
        let uid = fields.nth(1)?.parse().ok()?;
        let gid = fields.next()?.parse().ok()?;
        Some((uid, gid))
    })
}

#[cfg(test)]
mod tests {
    use super::ids_of;

    #[test]
    fn account_is_found_by_whole_name() {
        let passwd =
            "postgres2:x:7:8::/:/bin/sh\npostgres:x:101:104:PostgreSQL:/var/lib/postgresql:/bin/bash\n";
        assert_eq!(ids_of(passwd, "postgres"), Some((101, 104)));
        assert_eq!(ids_of(passwd, "postg"), None);
    }
}
