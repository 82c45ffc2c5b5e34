//! `holly check`: tries the settings: data folder, database, archive, sign-in provider, every
//! model. MCP servers are named, not tried.

use crate::server::{
    archive::Archive,
    assistant::{
        mcp::{self, LeftOutServer},
        model::{Model, ModelError, ModelEvent, ModelRequest, PromptMessage},
        providers,
        tools::services::settings::Producer,
    },
    base::{clock::Clock, data_dir::DataDir, masking},
    identity::oidc::{OidcProvider, settings::ProviderConfig},
    state::config::Config,
    store::Store,
};
use futures::{StreamExt, TryStreamExt};
use std::{
    fmt::Write,
    time::{Duration, Instant},
};

/// The result of one check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What was checked: `model groq:llama-3.1-8b-instant`.
    pub what: String,
    /// The result, or what is wrong.
    pub result: Result<String, String>,
}

/// Checks everything that the settings configure. Writes only to the data folder and the database,
/// and requests no picture.
pub async fn check(config: &Config) -> Vec<Finding> {
    let mut findings = vec![
        data_dir(config),
        database(config).await,
        archive(config).await,
    ];
    if let Some(settings) = &config.oidc.provider {
        findings.push(provider(settings).await);
    }
    match providers::chain(&config.models, 0.0) {
        Ok(chain) => {
            for model in chain {
                findings.push(model_finding(&*model, config.model_timeouts.first).await);
            }
        }
        Err(error) => findings.push(Finding {
            what: "models".into(),
            result: Err(error.to_string()),
        }),
    }
    let services = &config.services;
    findings.extend(
        [
            ("pictures", &services.image),
            ("music", &services.music),
            ("films", &services.video),
        ]
        .map(service),
    );
    findings.extend(mcp_servers(config));
    findings
}

/// The servers in `mcp.json`, which are not started.
fn mcp_servers(config: &Config) -> Vec<Finding> {
    let path = config.data_dir.join("mcp.json");
    let list = match mcp::read(&path) {
        Ok(list) => list,
        Err(problems) => {
            return vec![Finding {
                what: "MCP servers".to_owned(),
                result: Err(problems.join("; ")),
            }];
        }
    };
    let finding = |name: &str, result| Finding {
        what: format!("MCP server {name}"),
        result,
    };
    let used = list.servers.iter().map(|server| {
        let notes = ["not tried".to_owned()].into_iter();
        let notes: Vec<String> = notes.chain(server.notes.iter().cloned()).collect();
        finding(&server.name, Ok(notes.join("; ")))
    });
    let left_out = list
        .left_out
        .iter()
        .map(|LeftOutServer { name, reason }| finding(name, Err(format!("left out: it {reason}"))));
    used.chain(left_out).collect()
}

fn data_dir(config: &Config) -> Finding {
    let result = match DataDir::is_held(&config.data_dir) {
        true => Ok("in use by a running server".to_owned()),
        false => DataDir::take(&config.data_dir)
            .map(|_| "writable".to_owned())
            .map_err(|error| error.to_string()),
    };
    Finding {
        what: format!("data folder {}", config.data_dir.display()),
        result,
    }
}

async fn database(config: &Config) -> Finding {
    let kind = config.database_url.split(':').next().unwrap_or_default();
    let result = match Store::open_with_pooler(&config.database_url, &config.listen_url).await {
        Ok(store) => {
            store.close().await;
            Ok("reachable, its tables are up to date".to_owned())
        }
        Err(error) => Err(error.to_string()),
    };
    Finding {
        what: format!("database ({kind})"),
        result,
    }
}

async fn archive(config: &Config) -> Finding {
    let url = &config.retention.archive_url;
    let result = match Archive::open(url) {
        Ok(archive) => Box::pin(archive.list("work-log"))
            .try_next()
            .await
            .map(|_| "reachable".to_owned())
            .map_err(|error| error.to_string()),
        Err(why) => Err(why),
    };
    Finding {
        what: format!("archive {url}"),
        result,
    }
}

/// Fetches the discovery document and the keys of the sign-in provider.
async fn provider(settings: &ProviderConfig) -> Finding {
    let metadata = match OidcProvider::new(settings.clone(), Clock::system()) {
        Ok(provider) => provider.fetch().await,
        Err(why) => Err(why.to_string()),
    };
    let redirect = settings
        .client
        .as_ref()
        .map(|client| format!("; redirects to {}", client.redirect_uri))
        .unwrap_or_default();
    let result = metadata.map(|metadata| {
        format!(
            "reachable, signs with {}{redirect}",
            metadata.keys.summary()
        )
    });
    Finding {
        what: format!("sign-in provider {}", settings.issuer),
        result,
    }
}

/// Requests one word from a model.
async fn model_finding(model: &dyn Model, timeout: Duration) -> Finding {
    let started = Instant::now();
    let request = ModelRequest {
        messages: vec![PromptMessage::User(
            "Reply with the word OK.".to_owned(),
            Vec::new(),
        )],
        tools: Vec::new(),
    };
    let mut events = model.stream(request);
    let first_output = async {
        loop {
            match events.next().await {
                Some(Ok(ModelEvent::Text(_) | ModelEvent::Call(_))) => return Ok(()),
                Some(Ok(
                    ModelEvent::Thinking | ModelEvent::Reasoning(_) | ModelEvent::LeftOut(_),
                )) => {}
                Some(Ok(ModelEvent::End { .. })) | None => {
                    return Err("the answer is empty".to_owned());
                }
                Some(Err(error)) => return Err(masked_error(&error)),
            }
        }
    };
    let result = match tokio::time::timeout(timeout, first_output).await {
        Ok(Ok(())) => Ok(format!(
            "answered after {} ms",
            started.elapsed().as_millis()
        )),
        Ok(Err(why)) => Err(why),
        Err(_) => Err(format!("no answer within {} s", timeout.as_secs())),
    };
    Finding {
        what: format!("model {}", model.link().key()),
        result,
    }
}

fn masked_error(error: &ModelError) -> String {
    let mut text = error.sentence();
    let (message, _) = masking::mask(&error.message);
    if !message.is_empty() {
        let _ = write!(text, ": {message}");
    }
    text
}

/// Not tried, because a request costs money.
fn service((what, producer): (&str, &Producer)) -> Finding {
    let description = match producer {
        Producer::Demo => "a sample of the built-in demo".to_owned(),
        Producer::Fal(service) | Producer::OpenAi(service) => {
            format!("{} at {}, not tried", service.model, service.base)
        }
    };
    Finding {
        what: what.to_owned(),
        result: Ok(description),
    }
}
