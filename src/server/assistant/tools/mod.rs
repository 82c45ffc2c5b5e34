//! The tools that the assistant has, and the register in which a turn finds them by name. The demo producers make
//! small real files on this machine, the same for the same prompt.

mod arguments;
mod colour;
mod demo;
mod film;
mod image;
mod music;
mod note;
mod prompt;
mod random;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use super::tool::{Tool, ToolDefinition};

/// The tools on offer, in the order in which a model is told of them.
#[derive(Clone)]
pub struct Registry {
    tools: Vec<Arc<dyn Tool>>,
}

impl Registry {
    /// These tools.
    pub fn of(tools: Vec<Arc<dyn Tool>>) -> Self {
        Self { tools }
    }

    /// The built-in demo producers of pictures, music and film, and notes: no network, no keys.
    pub fn demo() -> Self {
        Self::of(vec![Arc::new(image::ImageTool), Arc::new(music::MusicTool), Arc::new(film::FilmTool), Arc::new(note::NoteTool)])
    }

    /// The tool of that name, if there is one.
    pub fn find(&self, name: &str) -> Option<Arc<dyn Tool>> {
        self.tools.iter().find(|tool| tool.definition().name == name).cloned()
    }

    /// What a model is told about each tool.
    pub fn definitions(&self) -> Vec<ToolDefinition> {
        self.tools.iter().map(|tool| tool.definition()).collect()
    }
}
