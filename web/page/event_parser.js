// Server-sent events, parsed from pieces of text.
import { parsed } from "./api.js";

export class EventParser {
  #rest = "";

  /** The events that end in this piece: `{id, type, data}`; data: lines of text, none where there is an id alone. */
  feed(piece) {
    const text = this.#rest + piece;
    const whole = text.endsWith("\r") ? text.length - 1 : text.length; // its \n may come with the next piece
    const blocks = text.slice(0, whole).replace(/\r\n?/g, "\n").split("\n\n");
    this.#rest = blocks.pop() + text.slice(whole);
    return blocks.map(eventOf);
  }
}

function eventOf(block) {
  const event = { id: null, type: "message", data: [] };
  for (const line of block.split("\n")) {
    const [, field, value] = /^([^:]*):? ?(.*)$/s.exec(line);
    if (field === "data") event.data.push(value);
    else if (field === "id") event.id = value;
    else if (field === "event") event.type = value;
  }
  return event;
}

/** The data of an event, JSON. */
export const dataOf = ({ data }) => parsed(data.join("\n"));
