//! Tools that generate pictures, music and films with real services. Each service is one file with
//! a [`Tool`] for one or more kinds of [`Media`].

pub mod fal;
mod openai;
pub mod settings;

use super::{demo::DemoTool, media::Media};
use crate::server::{
    assistant::tool::{Tool, ToolError},
    base::outbound::Outbound,
};
use fal::{FalTool, PollConfig};
use openai::ImagesTool;
use reqwest::redirect;
use settings::{Producer, ServiceConfig};
use std::{sync::Arc, time::Duration};

/// Timeout of a request to a service; generating a picture is one request.
const TIMEOUT: Duration = Duration::from_secs(180);
/// Timeout of opening a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// Maximum length of a service's error message, in characters.
const MESSAGE_MAX_CHARS: usize = 300;

fn invalid_response() -> ToolError {
    ToolError::Failed("The service sent an invalid response.".to_owned())
}

fn unreachable() -> ToolError {
    ToolError::Failed("The service could not be reached.".to_owned())
}

/// The tools of the settings. Errors: the TLS library cannot be set up.
pub(super) fn tools(
    config: &ServiceConfig,
    poll: PollConfig,
) -> Result<Vec<Arc<dyn Tool>>, reqwest::Error> {
    // Created on first use and shared: loading the system's certificates takes as long as the rest
    // of a start, and the demo needs none.
    let mut shared = None;
    let mut clients = || match &shared {
        Some(clients) => Ok::<(reqwest::Client, Outbound), reqwest::Error>(Clone::clone(clients)),
        None => Ok(shared.insert(build_clients(config)?).clone()),
    };
    let mut tool = |media: Media, producer: &Producer| -> Result<Arc<dyn Tool>, reqwest::Error> {
        Ok(match producer {
            Producer::Demo => Arc::new(DemoTool(media)),
            Producer::Fal(service) => {
                let (client, outbound) = clients()?;
                Arc::new(FalTool {
                    media,
                    service: service.clone(),
                    client,
                    outbound,
                    poll,
                })
            }
            Producer::OpenAi(service) => {
                let (client, outbound) = clients()?;
                Arc::new(ImagesTool {
                    service: service.clone(),
                    client,
                    outbound,
                })
            }
        })
    };
    Ok(vec![
        tool(Media::Image, &config.image)?,
        tool(Media::Music, &config.music)?,
        tool(Media::Video, &config.video)?,
    ])
}

/// The client for requests to services, and the one that fetches the resulting files.
fn build_clients(config: &ServiceConfig) -> Result<(reqwest::Client, Outbound), reqwest::Error> {
    // Redirects could send a key to another host.
    let builder = reqwest::Client::builder()
        .timeout(TIMEOUT)
        .connect_timeout(CONNECT_TIMEOUT);
    Ok((
        builder.redirect(redirect::Policy::none()).build()?,
        Outbound::new(&config.fetch_hosts)?,
    ))
}
