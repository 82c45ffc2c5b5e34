//! What a permission is bound to: hashes of a tool's definition and of a call's arguments.

use super::{model::ToolCall, tool::Tool};
use crate::{
    domain::nul,
    server::{
        base::digest::sha256_hex,
        store::{approvals::BoundCall, tool_grants::ToolIdentity},
    },
};
use serde_json::{Value, json};

/// The tool with its definition: name, description, schema of the arguments, hints of its server.
pub(super) fn tool_identity(tool: &dyn Tool) -> ToolIdentity {
    let definition = tool.definition();
    let parts = json!({
        "name": definition.name, "description": definition.description,
        "inputSchema": definition.schema, "hints": tool.hints(),
    });
    ToolIdentity {
        server: tool.server().to_owned(),
        name: definition.name,
        definition_hash: canonical_hash(parts),
    }
}

/// The call of a tool, as it is asked about and as it is compared before it runs.
pub(super) fn bound_call(tool: &dyn Tool, call: &ToolCall) -> BoundCall {
    let mut call_id = call.id.clone();
    nul::clean(&mut call_id);
    BoundCall {
        call_id,
        tool: tool_identity(tool),
        arguments_hash: canonical_hash(call.arguments.clone()),
    }
}

/// SHA-256 of compact JSON with sorted names.
fn canonical_hash(mut value: Value) -> String {
    value.sort_all_objects();
    sha256_hex(&value.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::assistant::tool::{ToolContext, ToolDefinition, ToolError, ToolOutput};
    use futures::future::BoxFuture;

    /// A tool of these parts; never run.
    #[derive(Clone)]
    struct Described {
        server: &'static str,
        definition: ToolDefinition,
        hints: Value,
    }

    impl Tool for Described {
        fn definition(&self) -> ToolDefinition {
            self.definition.clone()
        }

        fn server(&self) -> &str {
            self.server
        }

        fn hints(&self) -> Value {
            self.hints.clone()
        }

        fn title(&self, _: &Value) -> String {
            String::new()
        }

        fn run(
            &self,
            _: Value,
            _: ToolContext,
        ) -> BoxFuture<'static, Result<ToolOutput, ToolError>> {
            unreachable!()
        }
    }

    fn described() -> Described {
        Described {
            server: "mail",
            definition: ToolDefinition {
                name: "mail_send".into(),
                description: "Sends".into(),
                schema: json!({ "type": "object", "required": ["to"] }),
            },
            hints: json!({ "destructiveHint": false }),
        }
    }

    #[test]
    fn every_part_of_a_definition_counts() {
        let same = Described {
            definition: ToolDefinition {
                schema: json!({ "required": ["to"], "type": "object" }),
                ..described().definition
            },
            ..described()
        };
        let first = tool_identity(&described());
        assert_eq!(tool_identity(&same), first, "the order of names does not");
        type Change = fn(&mut Described);
        let changes: [Change; 5] = [
            |tool| tool.server = "post",
            |tool| tool.definition.name = "mail_sent".into(),
            |tool| tool.definition.description = "Sends to all".into(),
            |tool| tool.definition.schema = json!({ "type": "object" }),
            |tool| tool.hints = json!({ "destructiveHint": true }),
        ];
        for (n, change) in changes.into_iter().enumerate() {
            let mut changed = described();
            change(&mut changed);
            assert_ne!(tool_identity(&changed), first, "change {n}");
        }
    }

    #[test]
    fn a_call_is_bound_to_its_id_and_arguments() {
        let call = |id: &str, arguments: Value| {
            let call = ToolCall {
                id: id.into(),
                name: "mail_send".into(),
                arguments,
                signatures: Vec::new(),
            };
            bound_call(&described(), &call)
        };
        let first = call("c", json!({ "to": "ada", "n": 1 }));
        assert_eq!(call("c", json!({ "n": 1, "to": "ada" })), first);
        assert_ne!(call("d", json!({ "to": "ada", "n": 1 })), first);
        assert_ne!(call("c", json!({ "to": "bob", "n": 1 })), first);
        assert_ne!(call("c", json!({ "to": "ada", "n": "1" })), first);
    }
}
