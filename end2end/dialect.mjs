// Model servers in other dialects than Groq's: each answers every request at once, with what a
// function of the request's body returns.

import { once } from "node:events";
import { createServer } from "node:http";

export class ModelServer {
  /** What was sent, oldest first. */
  asked = [];

  /** `answers` maps a body to `{ status, text }` of the reply. */
  static async starts(answers) {
    const model = new ModelServer();
    model.server = createServer(async (request, response) => {
      let text = "";
      for await (const piece of request) text += piece;
      // such as the list of models
      if (request.method !== "POST") return response.writeHead(404).end();
      const body = JSON.parse(text);
      model.asked.push(body);
      const reply = answers(body);
      const isStream = reply.status === 200;
      response.writeHead(reply.status, {
        "content-type": isStream ? "text/event-stream" : "application/json",
      });
      response.end(reply.text);
    });
    model.server.listen(0, "127.0.0.1");
    await once(model.server, "listening");
    return model;
  }

  get url() {
    return `http://127.0.0.1:${this.server.address().port}/v1/`;
  }

  isGone() {
    this.server.close();
    this.server.closeAllConnections();
  }
}

const streamed = (text) => ({ status: 200, text });

/** An error as OpenAI and Ollama send it. */
export const refusal = (message) => ({
  status: 400,
  text: JSON.stringify({ error: { message } }),
});

/** An answer in OpenAI's dialect, one chunk for each delta. */
export function openAi(...deltas) {
  const chunk = (delta, finish_reason) =>
    `data: ${JSON.stringify({ choices: [{ index: 0, delta, finish_reason }] })}\n\n`;
  const said = deltas.map((delta) => chunk(delta, null));
  return streamed(`${said.join("")}${chunk({}, "stop")}data: [DONE]\n\n`);
}

/** An answer in Claude's dialect: one block, and why it stops. */
function claude(content_block, delta, stop_reason) {
  const usage = { input_tokens: 25, output_tokens: 1 };
  const message = { id: "msg_1", type: "message", role: "assistant", usage };
  const frames = [
    { type: "message_start", message: { ...message, content: [] } },
    { type: "content_block_start", index: 0, content_block },
    { type: "ping" },
    { type: "content_block_delta", index: 0, delta },
    { type: "content_block_stop", index: 0 },
    {
      type: "message_delta",
      delta: { stop_reason },
      usage: { output_tokens: 9 },
    },
    { type: "message_stop" },
  ];
  const frame = (data) =>
    `event: ${data.type}\ndata: ${JSON.stringify(data)}\n\n`;
  return streamed(frames.map(frame).join(""));
}

/** Claude's answer with text. */
export const claudeSays = (text) =>
  claude({ type: "text", text: "" }, { type: "text_delta", text }, "end_turn");

/** Claude's answer with one tool call. */
export const claudeCalls = (name, given) =>
  claude(
    { type: "tool_use", id: "toolu_1", name, input: {} },
    { type: "input_json_delta", partial_json: JSON.stringify(given) },
    "tool_use",
  );
