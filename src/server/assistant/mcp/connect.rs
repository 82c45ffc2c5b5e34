//! Connects to a server: as a child process that inherits only PATH and HOME from Holly's
//! environment, or over HTTP.

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

/// Spawns the tasks of servers and stops them.
#[derive(Clone)]
pub(super) struct TaskOwner {
    pub(super) tasks: TaskTracker,
    pub(super) shutdown: CancellationToken,
}

/// An open connection.
pub(super) struct Connected {
    pub(super) connection: RunningService<RoleClient, Handler>,
    /// The id of the process, if Holly started one.
    pub(super) process: Option<u32>,
}

/// Timeout of the first response of a server; `npx` may have to download it.
const START_TIMEOUT: Duration = Duration::from_secs(60);
/// Timeout of opening an HTTP connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// Environment variables inherited from Holly.
const INHERITED_VARIABLES: [&str; 2] = ["PATH", "HOME"];
/// Maximum length in bytes of a logged line of a server's standard error.
const LINE_MAX_BYTES: u64 = 2_000;
/// Maximum size in bytes of a server's response over HTTP.
const RESPONSE_MAX_BYTES: usize = 32 * 1024 * 1024;

/// Connects. Errors: a sentence about what went wrong, without secrets.
pub(super) async fn connect(
    config: &Arc<ServerConfig>,
    handler: Handler,
    owner: &TaskOwner,
) -> Result<Connected, String> {
    let connecting = async {
        match &config.transport {
            Transport::Command { .. } => {
                let child = spawn_child(config, owner)?;
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
                    .connect_timeout(CONNECT_TIMEOUT);
                let client = client.build().map_err(|error| error.to_string())?;
                let settings = StreamableHttpClientTransportConfig::with_uri(url.as_str())
                    .custom_headers(headers.clone())
                    .max_json_response_size(RESPONSE_MAX_BYTES)
                    .max_sse_event_size(RESPONSE_MAX_BYTES);
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
    match tokio::time::timeout(START_TIMEOUT, connecting).await {
        Ok(Ok((connection, process))) => Ok(Connected {
            connection,
            process,
        }),
        Ok(Err(error)) => {
            let error: String = error;
            Err(config.mask_secrets(&error))
        }
        Err(_) => Err(format!(
            "it did not answer within {} s",
            START_TIMEOUT.as_secs()
        )),
    }
}

/// Starts the program in its own process group, so that its child processes are stopped with it.
fn spawn_child(config: &Arc<ServerConfig>, owner: &TaskOwner) -> Result<TokioChildProcess, String> {
    let Transport::Command {
        command,
        args,
        env,
        cwd,
    } = &config.transport
    else {
        return Err("it has no command".to_owned());
    };
    let mut program = Command::new(command);
    program.args(args).env_clear();
    program.envs(
        INHERITED_VARIABLES
            .iter()
            .filter_map(|name| Some((name, std::env::var_os(name)?))),
    );
    program.envs(env);
    if let Some(cwd) = cwd {
        program.current_dir(cwd);
    }
    let mut wrapped = CommandWrap::from(program);
    wrapped.wrap(KillOnDrop).wrap(ProcessGroup::leader());
    let spawned = TokioChildProcess::builder(wrapped)
        .stderr(Stdio::piped())
        .spawn();
    let (child, stderr) =
        spawned.map_err(|error| format!("{command} could not be started: {error}"))?;
    if let Some(stderr) = stderr {
        let (config, shutdown) = (config.clone(), owner.shutdown.clone());
        owner.tasks.spawn(async move {
            tokio::select! {
                () = shutdown.cancelled() => {}
                () = log_stderr(&config, stderr) => {}
            }
        });
    }
    Ok(child)
}

/// Logs a server's standard error, masked, until it ends.
async fn log_stderr(config: &ServerConfig, stderr: impl AsyncRead + Unpin) {
    let mut lines = BufReader::new(stderr);
    let mut line = Vec::new();
    while (&mut lines)
        .take(LINE_MAX_BYTES)
        .read_until(b'\n', &mut line)
        .await
        .is_ok_and(|bytes| bytes > 0)
    {
        let text = config.mask_secrets(String::from_utf8_lossy(&line).trim_end());
        tracing::debug!(
            server = config.name,
            said = text,
            "an MCP server wrote to its standard error"
        );
        line.clear();
    }
}
