//! tmp
use super::tool::*;
use std::sync::Arc;
/// tmp
pub struct Registry;
impl Registry {
    /// x
    pub fn demo() -> Self {
        Self
    }
    /// x
    pub fn find(&self, _n: &str) -> Option<Arc<dyn Tool>> {
        None
    }
    /// x
    pub fn definitions(&self) -> Vec<ToolDefinition> {
        vec![]
    }
}
