//! Reaching a server: as a child process that gets nothing of Holly's environment but PATH and
//! HOME, or over HTTP.

use super::{
    config::{ServerConfig, Transport},
    handler::Handler,
};
use process_wrap::tokio::{CommandWrap, KillOnDrop, ProcessGroup};
use rmcp::{
    RoleClient, ServiceExt,
    service::RunningService,
    transport::{
        StreamableHttpClientTransport, TokioChildProcess,
        streamable_http_client::StreamableHttpClientTransportConfig,
    },
};
use std::{process::Stdio, sync::Arc, time::Duration};
use tokio::{
    io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, BufReader},
    process::Command,
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// Who owns the tasks of servers, and what ends them.
#[derive(Clone)]
pub(super) struct TaskOwner {
    pub(super) tasks: TaskTracker,
    pub(super) shutdown: CancellationToken,
}

/// A connection that stands.
pub(super) struct Connected {
    pub(super) connection: RunningService<RoleClient, Handler>,
    /// The process at its other end, where it was started here.
    pub(super) process: Option<u32>,
}

/// How long a server may take to answer for the first time; `npx` may have to fetch it.
const START_WITHIN: Duration = Duration::from_secs(60);
/// How long a connection over HTTP may take to be made.
const CONNECT_WITHIN: Duration = Duration::from_secs(10);
/// What Holly passes on of its own environment.
const PASSED_ON: [&str; 2] = ["PATH", "HOME"];
/// Longest line of a server's standard error that is logged, in bytes.
const LINE_MAX_BYTES: u64 = 2_000;
/// Largest answer of a server over HTTP, in bytes.
const ANSWER_MAX_BYTES: usize = 32 * 1024 * 1024;

/// Connects. Errors: why not, as a sentence without secrets.
pub(super) async fn connect(
    config: &Arc<ServerConfig>,
    handler: Handler,
    watch: &TaskOwner,
) -> Result<Connected, String> {
    let begun = async {
        match &config.reach {
            Transport::Command { .. } => {
                let child = child(config, watch)?;
                let process = child.id();
                Ok((
                    handler
                        .serve(child)
                        .await
                        .map_err(|error| error.to_string())?,
                    process,
                ))
            }
            Transport::Url { url, headers } => {
                let client = reqwest::Client::builder()
                    .redirect(reqwest::redirect::Policy::none())
                    .connect_timeout(CONNECT_WITHIN);
                let client = client.build().map_err(|error| error.to_string())?;
                let settings = StreamableHttpClientTransportConfig::with_uri(url.as_str())
                    .custom_headers(headers.clone())
                    .max_json_response_size(ANSWER_MAX_BYTES)
                    .max_sse_event_size(ANSWER_MAX_BYTES);
                let transport = StreamableHttpClientTransport::with_client(client, settings);
                Ok((
                    handler
                        .serve(transport)
                        .await
                        .map_err(|error| error.to_string())?,
                    None,
                ))
            }
        }
    };
    match tokio::time::timeout(START_WITHIN, begun).await {
        Ok(Ok((connection, process))) => Ok(Connected {
            connection,
            process,
        }),
        Ok(Err(why)) => {
            let why: String = why;
            Err(config.conceal(&why))
        }
        Err(_) => Err(format!(
            "it did not answer within {} s",
            START_WITHIN.as_secs()
        )),
    }
}

/// Starts the program in a process group of its own, so that stopping it stops what it has started,
/// too.
fn child(config: &Arc<ServerConfig>, watch: &TaskOwner) -> Result<TokioChildProcess, String> {
    let Transport::Command {
        command,
        args,
        env,
        cwd,
    } = &config.reach
    else {
        return Err("it has no command".to_owned());
    };
    let mut program = Command::new(command);
    program.args(args).env_clear();
    program.envs(
        PASSED_ON
            .iter()
            .filter_map(|name| Some((name, std::env::var_os(name)?))),
    );
    program.envs(env);
    if let Some(cwd) = cwd {
        program.current_dir(cwd);
    }
    let mut wrapped = CommandWrap::from(program);
    wrapped.wrap(KillOnDrop).wrap(ProcessGroup::leader());
    let started = TokioChildProcess::builder(wrapped)
        .stderr(Stdio::piped())
        .spawn();
    let (child, errors) =
        started.map_err(|why| format!("{command} could not be started: {why}"))?;
    if let Some(errors) = errors {
        let (config, ends) = (config.clone(), watch.shutdown.clone());
        watch.tasks.spawn(async move {
            tokio::select! {
                () = ends.cancelled() => {}
                () = follow(&config, errors) => {}
            }
        });
    }
    Ok(child)
}

/// Logs what a server writes to its standard error, masked, until it ends.
async fn follow(config: &ServerConfig, errors: impl AsyncRead + Unpin) {
    let mut lines = BufReader::new(errors);
    let mut line = Vec::new();
    while (&mut lines)
        .take(LINE_MAX_BYTES)
        .read_until(b'\n', &mut line)
        .await
        .is_ok_and(|bytes| bytes > 0)
    {
        let said = config.conceal(String::from_utf8_lossy(&line).trim_end());
        tracing::debug!(
            server = config.name,
            said,
            "an MCP server wrote to its standard error"
        );
        line.clear();
    }
}
