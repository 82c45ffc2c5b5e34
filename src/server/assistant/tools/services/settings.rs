//! The settings of the services that make pictures, music and films.

use crate::server::{
    assistant::{
        link::ProviderKind,
        providers::settings::{ModelSettings, base_url},
    },
    base::secret::Secret,
};
use clap::Args;
use reqwest::Url;

const FAL: &str = "https://queue.fal.run/";
/// Longest name of a model, in bytes.
const MODEL_MAX: usize = 200;

/// Settings of the services as they are given.
#[derive(Debug, Clone, Default, Args)]
pub struct ServiceSettings {
    /// The key for fal.ai, which makes pictures, music and films.
    #[arg(long, env = "FAL_KEY", hide_env_values = true)]
    pub fal_key: Option<Secret>,
    /// Where fal.ai's queue is [default: https://queue.fal.run/]
    #[arg(long, env = "FAL_BASE_URL")]
    pub fal_base_url: Option<String>,
    /// What makes pictures: fal:MODEL, openai:MODEL or demo [default: fal:fal-ai/flux/schnell with
    /// FAL_KEY, else openai:gpt-image-1 with OPENAI_API_KEY, else demo]
    #[arg(long, env = "HOLLY_IMAGE_MODEL")]
    pub image_model: Option<String>,
    /// What makes music: fal:MODEL or demo [default: fal:cassetteai/music-generator with FAL_KEY,
    /// else demo]
    #[arg(long, env = "HOLLY_MUSIC_MODEL")]
    pub music_model: Option<String>,
    /// What makes films: fal:MODEL or demo [default: fal:fal-ai/ltx-video with FAL_KEY, else demo]
    #[arg(long, env = "HOLLY_VIDEO_MODEL")]
    pub video_model: Option<String>,
    /// Hosts, with commas between, from which results may be fetched although they are in a private
    /// network.
    #[arg(long, env = "HOLLY_FETCH_HOSTS", default_value = "")]
    pub fetch_hosts: String,
}

/// Who makes a kind of thing.
#[derive(Debug, Clone, PartialEq)]
pub enum Producer {
    /// The built-in one.
    Demo,
    /// A model behind fal.ai's queue.
    Fal(Service),
    /// A model behind OpenAI's images endpoint, or one like it.
    OpenAi(Service),
}

/// A model of a service.
#[derive(Debug, Clone, PartialEq)]
pub struct Service {
    /// Where the service is, with a slash at its end.
    pub base: Url,
    /// The key, where one is sent.
    pub key: Option<Secret>,
    /// The model's name on the wire.
    pub model: String,
}

/// Settings of the services that make sense.
#[derive(Debug, Clone, PartialEq)]
pub struct ServiceConfig {
    /// Who makes pictures.
    pub image: Producer,
    /// Who makes music.
    pub music: Producer,
    /// Who makes films.
    pub video: Producer,
    /// Hosts from which results may be fetched wherever they are.
    pub fetch_hosts: Vec<String>,
}

impl ServiceConfig {
    /// The built-in producers.
    pub const fn demo() -> Self {
        Self {
            image: Producer::Demo,
            music: Producer::Demo,
            video: Producer::Demo,
            fetch_hosts: Vec::new(),
        }
    }
}

/// Where services are and with which keys.
struct ServiceUrls<'a> {
    fal: Option<Url>,
    fal_key: Option<&'a Secret>,
    openai: Option<Url>,
    openai_key: Option<&'a Secret>,
}

impl ServiceSettings {
    /// Checks the settings; each problem says what to do.
    pub fn check(&self, models: &ModelSettings, problems: &mut Vec<String>) -> ServiceConfig {
        let openai = models
            .openai_base_url
            .as_deref()
            .or(ProviderKind::OpenAi.public_base())
            .unwrap_or_default();
        let places = ServiceUrls {
            fal: base_url(
                "FAL_BASE_URL",
                self.fal_base_url.as_deref().unwrap_or(FAL),
                problems,
            ),
            fal_key: self.fal_key.as_ref().filter(|key| !key.reveal().is_empty()),
            // whoever is to be asked there says that it has no address
            openai: base_url("OPENAI_BASE_URL", openai, &mut Vec::new()),
            openai_key: models.key(ProviderKind::OpenAi),
        };
        let by_openai = if places.openai_key.is_some() {
            "openai:gpt-image-1"
        } else {
            "demo"
        };
        let usual = |with_fal, without| {
            if places.fal_key.is_some() {
                with_fal
            } else {
                without
            }
        };
        let mut producer = |setting: &str, given: &Option<String>, usual: &str, pictures: bool| {
            let made = places.producer(given.as_deref().unwrap_or(usual).trim(), pictures);
            made.unwrap_or_else(|problem| {
                problems.push(format!("{setting} {problem}"));
                Producer::Demo
            })
        };
        ServiceConfig {
            image: producer(
                "HOLLY_IMAGE_MODEL",
                &self.image_model,
                usual("fal:fal-ai/flux/schnell", by_openai),
                true,
            ),
            music: producer(
                "HOLLY_MUSIC_MODEL",
                &self.music_model,
                usual("fal:cassetteai/music-generator", "demo"),
                false,
            ),
            video: producer(
                "HOLLY_VIDEO_MODEL",
                &self.video_model,
                usual("fal:fal-ai/ltx-video", "demo"),
                false,
            ),
            fetch_hosts: self
                .fetch_hosts
                .split(',')
                .map(|host| host.trim().to_lowercase())
                .filter(|host| !host.is_empty())
                .collect(),
        }
    }
}

impl ServiceUrls<'_> {
    /// Who is meant by `word`; an error goes behind the setting's name. Only pictures come from
    /// OpenAI.
    fn producer(&self, word: &str, pictures: bool) -> Result<Producer, String> {
        let service = |base: &Option<Url>, key: Option<&Secret>, model: &str| {
            let base = base.clone().ok_or("has no address to go to")?;
            Ok::<_, String>(Service {
                base,
                key: key.cloned(),
                model: model.to_owned(),
            })
        };
        let named = |model: &str| {
            !model.is_empty() && model.len() <= MODEL_MAX && !model.chars().any(char::is_whitespace)
        };
        match word.split_once(':') {
            None if word == "demo" => Ok(Producer::Demo),
            Some(("fal", _)) if self.fal_key.is_none() => {
                Err(format!("is {word:?}, which needs FAL_KEY"))
            }
            Some(("fal", model)) if named(model) => {
                service(&self.fal, self.fal_key, model).map(Producer::Fal)
            }
            Some(("openai", model)) if pictures && named(model) => {
                service(&self.openai, self.openai_key, model).map(Producer::OpenAi)
            }
            _ => Err(format!(
                "is {word:?}; it must be fal:MODEL{} or demo",
                if pictures { ", openai:MODEL" } else { "" }
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(settings: ServiceSettings, models: &ModelSettings) -> (ServiceConfig, Vec<String>) {
        let mut problems = Vec::new();
        (settings.check(models, &mut problems), problems)
    }

    fn key() -> Option<Secret> {
        "k".parse().ok()
    }

    #[test]
    fn a_key_brings_real_services_and_without_one_it_is_the_demo() {
        assert_eq!(
            check(ServiceSettings::default(), &ModelSettings::default()),
            (ServiceConfig::demo(), Vec::new())
        );
        let openai = ModelSettings {
            openai_api_key: key(),
            ..Default::default()
        };
        let (config, _) = check(ServiceSettings::default(), &openai);
        assert!(
            matches!(&config.image, Producer::OpenAi(service) if service.model == "gpt-image-1")
                && config.music == Producer::Demo
        );
        let (config, problems) = check(
            ServiceSettings {
                fal_key: key(),
                ..Default::default()
            },
            &openai,
        );
        assert!(
            matches!(&config.image, Producer::Fal(service) if service.base.as_str() == FAL),
            "{config:?}"
        );
        assert!(
            matches!(&config.video, Producer::Fal(service) if service.model == "fal-ai/ltx-video")
                && problems.is_empty()
        );
    }

    #[test]
    fn what_cannot_be_is_said() {
        for (image, music, words) in [
            ("fal:x", "demo", "needs FAL_KEY"),
            ("midjourney", "demo", "openai:MODEL or demo"),
            ("demo", "openai:x", "fal:MODEL or demo"),
        ] {
            let settings = ServiceSettings {
                image_model: Some(image.into()),
                music_model: Some(music.into()),
                ..Default::default()
            };
            let (_, problems) = check(settings, &ModelSettings::default());
            assert!(
                problems.len() == 1 && problems[0].contains(words),
                "{problems:?}"
            );
        }
    }
}
