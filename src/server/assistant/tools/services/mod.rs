//! Pictures, music and films from real services. A service is one file here: a [`Tool`] that makes
//! a kind of [`Media`].

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

/// How long one request to a service may take; making a picture is one.
const TIMEOUT: Duration = Duration::from_secs(180);
/// How long a connection may take to be made.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// Longest message of a service that is kept, in characters.
const MESSAGE_MAX: usize = 300;

fn odd() -> ToolError {
    ToolError::Failed("The service answered in a way that could not be read.".to_owned())
}

fn unreachable() -> ToolError {
    ToolError::Failed("The service could not be reached.".to_owned())
}

/// The tools that the settings name. Errors: the TLS library cannot be set up.
pub(super) fn tools(
    config: &ServiceConfig,
    asking: PollConfig,
) -> Result<Vec<Arc<dyn Tool>>, reqwest::Error> {
    // reading the machine's certificates takes as long as the rest of a start, and the demo needs
    // none
    let mut shared = None;
    let mut both = || match &shared {
        Some(clients) => Ok::<(reqwest::Client, Outbound), reqwest::Error>(Clone::clone(clients)),
        None => Ok(shared.insert(clients(config)?).clone()),
    };
    let mut made_by =
        |media: Media, producer: &Producer| -> Result<Arc<dyn Tool>, reqwest::Error> {
            Ok(match producer {
                Producer::Demo => Arc::new(DemoTool(media)),
                Producer::Fal(service) => {
                    let (client, outbound) = both()?;
                    Arc::new(FalTool {
                        media,
                        service: service.clone(),
                        client,
                        outbound,
                        asking,
                    })
                }
                Producer::OpenAi(service) => {
                    let (client, outbound) = both()?;
                    Arc::new(ImagesTool {
                        service: service.clone(),
                        client,
                        outbound,
                    })
                }
            })
        };
    Ok(vec![
        made_by(Media::Image, &config.image)?,
        made_by(Media::Music, &config.music)?,
        made_by(Media::Video, &config.video)?,
    ])
}

/// What asks a service, and what fetches the file that it names.
fn clients(config: &ServiceConfig) -> Result<(reqwest::Client, Outbound), reqwest::Error> {
    // a redirect could carry a key to another address
    let builder = reqwest::Client::builder()
        .timeout(TIMEOUT)
        .connect_timeout(CONNECT_TIMEOUT);
    Ok((
        builder.redirect(redirect::Policy::none()).build()?,
        Outbound::new(&config.fetch_hosts)?,
    ))
}
