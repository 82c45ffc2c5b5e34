//! `holly check`: tries the settings: data folder, database, archive, sign-in provider, every
//! model. MCP servers are named, not tried.

use crate::server::{
    archive::Archive,
    assistant::{
        mcp::{self, LeftOutServer},
        model::{
            ErrorClass, Model, ModelError, ModelEvent, ModelRequest, OptionalPart, PromptImage,
            PromptMessage,
        },
        providers,
        tool::ToolDefinition,
        tools::services::settings::Producer,
    },
    base::{clock::Clock, data_dir::DataDir, masking},
    identity::oidc::{OidcProvider, settings::ProviderConfig},
    state::config::Config,
    store::Store,
};
use bytes::Bytes;
use futures::{StreamExt, TryStreamExt};
use std::{
    fmt::Write,
    time::{Duration, Instant},
};

/// A grey PNG of 64 by 64 pixels; some models refuse smaller ones.
const CHECK_PICTURE: &[u8] =
    b"\x89PNG\x0d\x0a\x1a\x0a\x00\x00\x00\x0dIHDR\x00\x00\x00@\x00\x00\x00@\x08\x00\x00\x00\
    \x00\x8f\x02.\x02\x00\x00\x00)IDATx\xda\xed\xccA\x11\x00\x00\x0c\x02 \xa3\x1b\xdd\x10\
    \xfb\xed \x00\xe9Q\x04\x02\x81@ \x10\x08\x04\x02\x81@ \x10|\x0f\x06\xdfm\x00yp\xbay\xfa\
    \x00\x00\x00\x00IEND\xaeB`\x82";

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

/// Requests one word from a model, with everything that Holly may send, and tells what it takes.
async fn model_finding(model: &dyn Model, timeout: Duration) -> Finding {
    let started = Instant::now();
    let has_picture = model.link().supports_images;
    let mut answer = first_output(model, timeout, has_picture).await;
    let mut picture = if has_picture { "yes" } else { "not sent" };
    if has_picture && matches!(&answer, Err((Some(ErrorClass::BadRequest), _))) {
        picture = "refused";
        answer = first_output(model, timeout, false).await;
    }
    let result = match answer {
        Ok(left_out) => {
            let takes = |part: OptionalPart| {
                if left_out.contains(&part) {
                    "no"
                } else {
                    "yes"
                }
            };
            if left_out.contains(&OptionalPart::Images) {
                picture = "no";
            }
            Ok(format!(
                "answered after {} ms; tools: {}, pictures: {picture}, system prompt: {}",
                started.elapsed().as_millis(),
                takes(OptionalPart::Tools),
                takes(OptionalPart::SystemRole),
            ))
        }
        Err((_, why)) => Err(why),
    };
    Finding {
        what: format!("model {}", model.link().key()),
        result,
    }
}

/// A request for one word, with a tool and perhaps a picture.
fn trial(has_picture: bool) -> ModelRequest {
    let picture = PromptImage {
        media_type: "image/png".to_owned(),
        name: "check.png".to_owned(),
        bytes: Bytes::from_static(CHECK_PICTURE),
    };
    let pictures = has_picture.then_some(picture).into_iter().collect();
    ModelRequest {
        messages: vec![
            PromptMessage::System("You answer in one word.".to_owned()),
            PromptMessage::User("Reply with the word OK.".to_owned(), pictures),
        ],
        tools: vec![ToolDefinition {
            name: "note".to_owned(),
            description: "Writes a note. Not needed now.".to_owned(),
            schema: serde_json::json!({
                "type": "object",
                "properties": { "text": { "type": "string", "description": "The note." } },
                "required": ["text"],
            }),
        }],
    }
}

/// Waits for the first output. Returns what was left out of the request, or the class of the
/// failure and a sentence.
async fn first_output(
    model: &dyn Model,
    timeout: Duration,
    has_picture: bool,
) -> Result<Vec<OptionalPart>, (Option<ErrorClass>, String)> {
    let mut events = model.stream(trial(has_picture));
    let mut left_out = Vec::new();
    let output = async {
        loop {
            match events.next().await {
                Some(Ok(ModelEvent::Text(_) | ModelEvent::Call(_) | ModelEvent::Reasoning(_))) => {
                    return Ok(left_out);
                }
                Some(Ok(ModelEvent::LeftOut(part))) => left_out.push(part),
                Some(Ok(ModelEvent::Thinking)) => {}
                Some(Ok(ModelEvent::End { .. })) | None => {
                    return Err((None, "the answer is empty".to_owned()));
                }
                Some(Err(error)) => return Err((Some(error.class), masked_error(&error))),
            }
        }
    };
    tokio::time::timeout(timeout, output)
        .await
        .unwrap_or_else(|_| Err((None, format!("no answer within {} s", timeout.as_secs()))))
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
