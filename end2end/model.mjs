// A model controlled by a story: a server with Groq's wire format. A call in progress stays in
// progress until the story continues, whatever the speed of the machine.

import { once } from "node:events";
import { createServer } from "node:http";

export class Model {
  #asked = [];
  #awaited = [];

  static async starts() {
    const model = new Model();
    model.server = createServer((request, response) => {
      request.resume();
      model.#hands(new Answer(response));
    });
    model.server.listen(0, "127.0.0.1");
    await once(model.server, "listening");
    return model;
  }

  /**
   * The settings of a Holly that uses this model; on failure it falls back to a second model of the
   * same server.
   */
  get env() {
    return {
      HOLLY_MODELS: "groq:first,groq:second",
      GROQ_API_KEY: "none",
      GROQ_BASE_URL: `http://127.0.0.1:${this.server.address().port}/`,
    };
  }

  /** The answer to the next request, once that has arrived. */
  next() {
    const asked = this.#asked.shift();
    return asked ?? new Promise((given) => this.#awaited.push(given));
  }

  /** Answers the next request at once. */
  async says(text) {
    const answer = await this.next();
    answer.says(text);
    answer.ends();
  }

  /** Answers the next request with a tool call. */
  async calls(name, given) {
    (await this.next()).calls(name, given);
  }

  #hands(answer) {
    const awaited = this.#awaited.shift();
    if (awaited) awaited(answer);
    else this.#asked.push(answer);
  }

  isGone() {
    this.server.close();
    this.server.closeAllConnections();
  }
}

/** One answer, open until it is ended. */
class Answer {
  constructor(response) {
    this.response = response;
    // a stopped turn closes the connection
    response.on("error", () => {});
  }

  says(text) {
    this.#writes({ content: text }, null);
  }

  /**
   * Repeats a text until the turn is stopped: a late reader gets the text so far with the next
   * delta.
   */
  goesOn(text) {
    const going = setInterval(() => this.says(text), 50);
    this.response.on("close", () => clearInterval(going));
  }

  calls(name, given) {
    const called = { name, arguments: JSON.stringify(given) };
    const call = { index: 0, id: "call", type: "function", function: called };
    this.#writes({ tool_calls: [call] }, null);
    this.ends("tool_calls");
  }

  ends(reason = "stop") {
    this.#writes({}, reason);
    this.response.end("data: [DONE]\n\n");
  }

  /** Answers with a rate-limit error. */
  refuses(message) {
    this.response.writeHead(429, {
      "content-type": "application/json",
      "retry-after": "38",
    });
    this.response.end(JSON.stringify({ error: { message } }));
  }

  #writes(delta, reason) {
    if (!this.response.headersSent)
      this.response.writeHead(200, { "content-type": "text/event-stream" });
    const choice = { index: 0, delta, finish_reason: reason };
    const chunk = {
      id: "c",
      object: "chat.completion.chunk",
      created: 1,
      model: "m",
      choices: [choice],
    };
    this.response.write(`data: ${JSON.stringify(chunk)}\n\n`);
  }
}
