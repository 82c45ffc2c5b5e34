//! `holly check`: whether the settings work, each told on a line: the database, the data folder,
//! the archive, the sign-in provider, every model.

use crate::server::{
    archive::Archive,
    assistant::{
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

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What was tried: `model groq:llama-3.1-8b-instant`.
    pub what: String,
    /// What came of it, or what is wrong.
    pub result: Result<String, String>,
}

/// Tries everything that the settings name. Nothing is written but to the data folder, and no
/// picture is ordered.
pub async fn check(config: &Config) -> Vec<Finding> {
    let mut findings = vec![
        data_dir(config),
        database(config).await,
        archive(config).await,
    ];
    if let Some(why) = config.retention.short_cron_secret() {
        findings.push(Finding {
            what: "CRON_SECRET".into(),
            result: Ok(why),
        });
    }
    if let Some(rules) = &config.oidc.provider {
        findings.push(provider(rules).await);
    }
    match providers::chain(&config.models, 0.0) {
        Ok(chain) => {
            for model in chain {
                findings.push(ask(&*model, config.patience.first).await);
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
    findings
}

fn data_dir(config: &Config) -> Finding {
    let result = match DataDir::is_held(&config.data_dir) {
        true => Ok("is held by a Holly that runs".to_owned()),
        false => DataDir::take(&config.data_dir)
            .map(|_| "can be written".to_owned())
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
            Ok("answers, its tables are up to date".to_owned())
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
            .map(|_| "answers".to_owned())
            .map_err(|error| error.to_string()),
        Err(why) => Err(why),
    };
    Finding {
        what: format!("archive {url}"),
        result,
    }
}

/// Asks the sign-in provider what it is and for its keys.
async fn provider(rules: &ProviderConfig) -> Finding {
    let discovery = match OidcProvider::new(rules.clone(), Clock::system()) {
        Ok(provider) => provider.fetch().await,
        Err(why) => Err(why.to_string()),
    };
    let browser = rules
        .client
        .as_ref()
        .map(|client| format!("; people come back to {}", client.redirect_uri))
        .unwrap_or_default();
    let result = discovery
        .map(|discovery| format!("answers, signs with {}{browser}", discovery.keys.summary()));
    Finding {
        what: format!("sign-in provider {}", rules.issuer),
        result,
    }
}

/// Asks a model for one word.
async fn ask(model: &dyn Model, patience: Duration) -> Finding {
    let began = Instant::now();
    let request = ModelRequest {
        messages: vec![PromptMessage::User(
            "Reply with the word OK.".to_owned(),
            Vec::new(),
        )],
        tools: Vec::new(),
    };
    let mut events = model.stream(request);
    let heard = async {
        loop {
            match events.next().await {
                Some(Ok(ModelEvent::Text(_) | ModelEvent::Call(_))) => return Ok(()),
                Some(Ok(ModelEvent::Thinking)) => {}
                Some(Ok(ModelEvent::End { .. })) | None => {
                    return Err("answered with nothing".to_owned());
                }
                Some(Err(error)) => return Err(told(&error)),
            }
        }
    };
    let heard = tokio::time::timeout(patience, heard).await;
    let result = match heard {
        Ok(Ok(())) => Ok(format!("answered after {} ms", began.elapsed().as_millis())),
        Ok(Err(why)) => Err(why),
        Err(_) => Err(format!("did not answer within {} s", patience.as_secs())),
    };
    Finding {
        what: format!("model {}", model.link().key()),
        result,
    }
}

fn told(error: &ModelError) -> String {
    let mut told = error.sentence();
    let (message, _) = masking::mask(&error.message);
    if !message.is_empty() {
        let _ = write!(told, ": {message}");
    }
    told
}

/// A picture costs money, so none is ordered.
fn service((what, producer): (&str, &Producer)) -> Finding {
    let by = match producer {
        Producer::Demo => "a sample of the built-in demo".to_owned(),
        Producer::Fal(service) | Producer::OpenAi(service) => {
            format!("{} at {}, not tried", service.model, service.base)
        }
    };
    Finding {
        what: what.to_owned(),
        result: Ok(by),
    }
}
