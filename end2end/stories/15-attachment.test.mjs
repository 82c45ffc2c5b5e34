import assert from "node:assert/strict";
import { test } from "node:test";
import { at } from "../page.mjs";
import { somebody } from "../world.mjs";

// The smallest picture: one pixel.
const dot = Buffer.from(
  "R0lGODlhAQABAIAAAP///wAAACH5BAAAAAAALAAAAAABAAEAAAICRAEAOw==",
  "base64",
);
const picture = (name) => ({ name, mimeType: "image/gif", buffer: dot });
const notes = {
  name: "notes.md",
  mimeType: "text/markdown",
  buffer: Buffer.from("# Notes\nBuy lamp oil.\n"),
};

test("chosen files can be removed before they are sent with the message", async () => {
  const ada = await somebody();
  await ada
    .the(at.attach)
    .setInputFiles([picture("dot.gif"), notes, picture("second.gif")]);
  await ada.sees(at.attached, 3);
  await ada.page.getByRole("button", { name: "Remove second.gif" }).click();
  await ada.sees(at.attached, 2);
  await ada.screenshot("attached-light-wide");
  await ada.says("What do you make of these?");
  await ada.seesAnswers(1);
  await ada.sees(at.attached, 0);
  await ada.sees(at.picture);
  await ada.sees(at.media, 2);
  await ada.entryOf("Attached: dot.gif, notes.md");
  await ada.entryOf("Demo cannot see pictures: dot.gif");
  await ada.reloads();
  await ada.sees(at.media, 2);
  await ada.leaves();
});

test("pasted and dropped files are attached, and invalid ones are refused with a reason", async () => {
  const ada = await somebody();
  const gives = (type, place, name, content) =>
    ada.page.evaluate(
      ([type, place, name, content]) => {
        const held = new DataTransfer();
        held.items.add(
          new File(
            [Uint8Array.from(atob(content), (letter) => letter.charCodeAt(0))],
            name,
            { type: "image/gif" },
          ),
        );
        const options = { bubbles: true, cancelable: true };
        const event =
          type === "paste"
            ? new ClipboardEvent(type, { ...options, clipboardData: held })
            : new DragEvent(type, { ...options, dataTransfer: held });
        document.querySelector(place).dispatchEvent(event);
      },
      [type, place, name, content],
    );
  await gives("paste", at.message, "pasted.gif", dot.toString("base64"));
  await ada.sees(at.attached, 1);
  await gives(
    "drop",
    ".compose-form",
    "broken.gif",
    Buffer.from("%PDF\0").toString("base64"),
  );
  await ada.sees(at.attached, 2);
  await ada.the(at.message).fill("Look");
  ada.pardons(/422/);
  await ada.the(at.send).click();
  await ada.reads(at.trouble, /“broken\.gif” is neither a picture/);
  assert.equal(await ada.the(at.message).inputValue(), "Look");
  await ada.page.getByRole("button", { name: "Remove broken.gif" }).click();
  await ada.the(at.send).click();
  await ada.arrives();
  await ada.seesAnswers(1);
  await ada.sees(at.picture);
  await ada.leaves();
});

test("without JavaScript files are sent with the form", async () => {
  const ada = await somebody({ javaScriptEnabled: false });
  await ada.the(at.attach).setInputFiles([picture("dot.gif")]);
  await ada.the(at.message).fill("What is this?");
  await ada.the(at.send).click();
  await ada.page.waitForURL("**/c/*");
  assert.equal(await ada.the(at.picture).count(), 1);
  await ada.untilReloadShowsAnswers(1);
  await ada.the(at.attach).setInputFiles([
    {
      name: "a.pdf",
      mimeType: "application/pdf",
      buffer: Buffer.from("%PDF\0"),
    },
  ]);
  await ada.the(at.message).fill("And this?");
  await ada.the(at.send).click();
  assert.match(
    await ada.the(at.trouble).textContent(),
    /“a\.pdf” is neither a picture/,
  );
  await ada.leaves();
});
