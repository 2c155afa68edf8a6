//! A private one-node Apache Kafka in KRaft mode, fetched from Maven Central on first use.

use std::{
    fmt::Write as _,
    fs,
    net::{IpAddr, SocketAddr, TcpStream},
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use rustix::process::Signal;

use crate::{
    Error, LOOPBACK,
    account::Account,
    folder::{Folder, lock_file},
    port::free_port,
    process::{Server, run},
};

/// The version of Apache Kafka that is fetched and run.
pub const KAFKA_VERSION: &str = "4.1.0";

/// The version of log4j that this Kafka brings.
const LOG4J_VERSION: &str = "2.24.3";

/// Names the one cluster that these folders hold; 16 bytes in base64url, as Kafka wants it.
const CLUSTER_ID: &str = "ZGF0YXdhcmRlbi1kZXYtMQ";

const LOG4J: &str = r#"<Configuration status="WARN">
  <Appenders><Console name="out"><PatternLayout pattern="%d %p %m (%c)%n"/></Console></Appenders>
  <Loggers>
    <Root level="WARN"><AppenderRef ref="out"/></Root>
    <Logger name="kafka.server.KafkaRaftServer" level="INFO"/>
  </Loggers>
</Configuration>
"#;

/// A running private Kafka broker; ends when dropped.
///
/// Topics are made on first use, with one partition unless they are created otherwise before.
#[derive(Debug)]
pub struct Kafka {
    server: Server,
    bootstrap: String,
}

impl Kafka {
    /// Fetches Kafka where needed, starts it in `folder` on 127.0.0.1 and waits until it serves clients.
    ///
    /// Needs Java 17 or newer, and Maven for the first fetch. [`Error::Missing`] and [`Error::Fetch`] mean
    /// that this machine cannot have it: callers may then use an in-process broker.
    pub fn start(folder: impl AsRef<Path>) -> Result<Self, Error> {
        Self::start_at(folder, LOOPBACK)
    }

    /// As [`Kafka::start`] on `address`, by which it also tells clients to find it.
    pub fn start_at(folder: impl AsRef<Path>, address: IpAddr) -> Result<Self, Error> {
        let jars = Self::fetch()?;
        let folder = Folder::open(folder.as_ref())?;
        let at = SocketAddr::from((address, free_port(address)?));
        let controller = SocketAddr::from((LOOPBACK, free_port(LOOPBACK)?));
        let config = folder.join("server.properties");
        let text = properties(&folder.join("data"), at, controller);
        fs::write(&config, text).map_err(Error::file("write", &config))?;
        let log4j = folder.join("log4j2.xml");
        fs::write(&log4j, LOG4J).map_err(Error::file("write", &log4j))?;

        if !folder.join("data/meta.properties").exists() {
            let mut format = java(&jars, &log4j, "kafka.tools.StorageTool");
            format
                .args(["format", "--ignore-formatted", "--cluster-id", CLUSTER_ID, "--config"])
                .arg(&config);
            run(format, "kafka.tools.StorageTool")?;
        }
        let mut command = java(&jars, &log4j, "kafka.Kafka");
        command.arg(&config);
        let mut server = Server::start("Kafka", command, Signal::TERM, &folder)?;
        let log = folder.log_path();
        server.wait_until(Duration::from_mins(3), || serves(&log, at))?;
        Ok(Self { server, bootstrap: at.to_string() })
    }

    /// Makes sure that Kafka's jars are in the cache folder `~/.cache/datawarden`; gives their folder.
    pub fn fetch() -> Result<PathBuf, Error> {
        if !runs("java", "-version") {
            return Err(Error::Missing { program: "Java 17" });
        }
        let home = std::env::home_dir().unwrap_or_else(std::env::temp_dir);
        let cache = home.join(".cache/datawarden");
        let jars = cache.join(format!("kafka-{KAFKA_VERSION}"));
        if jars.exists() {
            return Ok(jars);
        }
        fs::create_dir_all(&cache).map_err(Error::file("create", &cache))?;
        let lock_path = cache.join("kafka.lock");
        let lock = lock_file(&lock_path, Duration::from_mins(15)).map_err(Error::file("lock", &lock_path))?;
        // The lock is held to the end of this function; whoever waited for it finds the work done.
        let _held = lock.ok_or(Error::InUse { folder: cache.clone() })?;
        if !jars.exists() {
            fetch_with_maven(&cache, &jars)?;
        }
        Ok(jars)
    }

    /// The address for clients, `host:port`.
    pub fn bootstrap(&self) -> &str {
        &self.bootstrap
    }

    /// The process id of the broker.
    pub fn pid(&self) -> u32 {
        self.server.pid()
    }
}

/// Lets Maven copy Kafka and all it needs beside the cache, then moves it in when whole.
fn fetch_with_maven(cache: &Path, jars: &Path) -> Result<(), Error> {
    if !runs("mvn", "--version") {
        return Err(Error::Missing { program: "Maven" });
    }
    let work = tempfile::tempdir_in(cache).map_err(Error::file("create a folder in", cache))?;
    let pom = work.path().join("pom.xml");
    fs::write(&pom, project()).map_err(Error::file("write", &pom))?;
    let copied = work.path().join("jars");
    let mut maven = Command::new("timeout");
    maven.args(["900", "mvn", "--batch-mode", "--quiet", "--strict-checksums", "--file"]).arg(&pom);
    maven.arg("dependency:copy-dependencies").arg(format!("-DoutputDirectory={}", copied.display()));
    run(maven, "mvn").map_err(|error| Error::Fetch { reason: error.to_string() })?;
    fs::rename(&copied, jars).map_err(Error::file("move", copied))
}

/// A Maven project that needs Kafka, and the binding without which it would log nothing.
fn project() -> String {
    let needed = [
        ("org.apache.kafka", "kafka_2.13", KAFKA_VERSION),
        ("org.apache.logging.log4j", "log4j-slf4j-impl", LOG4J_VERSION),
    ];
    let dependencies = needed.map(|(group, artifact, version)| {
        format!(
            "<dependency><groupId>{group}</groupId><artifactId>{artifact}</artifactId>\
             <version>{version}</version></dependency>"
        )
    });
    format!(
        "<project xmlns=\"http://maven.apache.org/POM/4.0.0\"><modelVersion>4.0.0</modelVersion>\
         <groupId>datawarden</groupId><artifactId>kafka</artifactId><version>1</version>\
         <packaging>pom</packaging><dependencies>{}</dependencies></project>\n",
        dependencies.concat()
    )
}

/// A Java command with a small heap that starts quickly.
fn java(jars: &Path, log4j: &Path, class: &str) -> Command {
    let mut command = Account::own().command("TERM", Path::new("java"));
    command.args(["-Xms96m", "-Xmx384m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xshare:auto"]);
    command.arg("-Djava.awt.headless=true").arg(format!("-Dlog4j2.configurationFile={}", log4j.display()));
    command.arg("-cp").arg(jars.join("*")).arg(class);
    for name in ["JAVA_TOOL_OPTIONS", "_JAVA_OPTIONS", "JDK_JAVA_OPTIONS", "CLASSPATH"] {
        command.env_remove(name);
    }
    command
}

fn properties(data: &Path, at: SocketAddr, controller: SocketAddr) -> String {
    let mut text = format!(
        "process.roles=broker,controller\n\
         node.id=1\n\
         controller.quorum.voters=1@{controller}\n\
         controller.listener.names=CONTROLLER\n\
         listeners=PLAINTEXT://{at},CONTROLLER://{controller}\n\
         advertised.listeners=PLAINTEXT://{at}\n\
         log.dirs={}\n",
        data.display()
    );
    // One node is all there is: internal topics cannot have the three copies they want by default.
    for (name, value) in [
        ("offsets.topic.replication.factor", "1"),
        ("offsets.topic.num.partitions", "4"),
        ("transaction.state.log.replication.factor", "1"),
        ("transaction.state.log.min.isr", "1"),
        ("transaction.state.log.num.partitions", "1"),
        ("share.coordinator.state.topic.replication.factor", "1"),
        ("share.coordinator.state.topic.min.isr", "1"),
        // A consumer group of one need not wait for others to join.
        ("group.initial.rebalance.delay.ms", "0"),
        ("log.cleaner.dedupe.buffer.size", "16777216"),
    ] {
        // Writing into a String cannot fail.
        let _ = writeln!(text, "{name}={value}");
    }
    text
}

fn serves(log: &Path, at: SocketAddr) -> bool {
    fs::read_to_string(log).is_ok_and(|text| text.contains("Kafka Server started"))
        && TcpStream::connect_timeout(&at, Duration::from_secs(1)).is_ok()
}

fn runs(program: &str, argument: &str) -> bool {
    Command::new(program).arg(argument).output().is_ok_and(|output| output.status.success())
}
