// Faces are reviewed in the grid: a key labels what is selected or focused, and the focus goes on.

import { EXPRESSIONS } from "../grid/tile.js";
import { Database } from "./database.js";
import { reviewOf, wordsOf } from "./keys.js";
import { Outbox, Refusal } from "./outbox.js";
import { Panel } from "./panel.js";
import { reviewersOf, sending, votesOf } from "./service.js";
import { Notices } from "./notices.js";
import { STUCK, Votes, keyOf } from "./votes.js";

const WITHDRAWN = "withdrawn";
const NAME = "hfer-reviewer";
// Photos whose votes are asked for at a time, and crops that are ready ahead.
const [SOME, AHEAD] = [100, 50];
const many = (number, word = "answer") => `${number.toLocaleString("en")} ${word}${number === 1 ? "" : "s"}`;
const remembered = () => { try { return localStorage.getItem(NAME) ?? ""; } catch { return ""; } };

// `face(position)` gives what the panel shows, `refresh()` draws tiles anew, `forget()` has photos
// asked for once more.
export class Review {
  constructor({ job, draw, grid, box, face, large, refresh, forget }) {
    Object.assign(this, { job, draw, grid, box, face, refresh, forget });
    this.on = false;
    this.may = true;
    this.reviewer = "";
    this.offline = false;
    this.votes = new Votes();
    this.acts = []; // what was said here, the last last: { act, before }
    this.turn = 0;
    this.outbox = null;
    this.notices = new Notices(box);
    this.panel = new Panel(box, { large, noted: (text) => this.noted(text) });
    this.name = box.querySelector("#reviewer");
    this.name.addEventListener("change", () => this.rename(this.name.value.trim()));
    box.addEventListener("click", (event) => this.onClick(event));
    this.acting = { confirm: () => this.confirm(), undo: () => this.undo(), next: () => this.goOn() };
  }

  get blind() { return this.draw !== ""; }

  // The mode begins; the first time it looks what waits and whether it may.
  start() {
    this.on = true;
    this.box.hidden = false;
    this.starting ??= this.begin();
    return this.starting;
  }

  async begin() {
    this.reviewer = this.name.value = remembered();
    const database = await Database.open();
    const heard = {
      answered: (entry, votes) => this.answered(entry, votes),
      stuck: (entry) => this.stuck(entry),
      waits: (error) => this.waits(error),
      counted: (entries) => this.notices.counted(this.mine(entries), this.offline),
    };
    this.outbox = new Outbox(database, { ...sending, heard });
    await this.recall();
    this.outbox.start();
    this.introduce();
  }

  async introduce() {
    try {
      const { may, advice, reviewers } = await reviewersOf(this.job);
      this.may = may;
      if (!may) this.notices.forbid(advice);
      this.box.querySelector("#reviewers").replaceChildren(...reviewers.map((name) => new Option(name)));
    } catch (error) {
      this.notices.say(error.message);
    }
  }

  stop() { this.on = false; this.box.hidden = true; }

  mine(entries) { return entries.filter(({ job, reviewer }) => job === this.job && reviewer === this.reviewer); }

  // What waits since before a reload is shown as said.
  async recall() {
    const entries = await this.outbox.entries();
    for (const entry of this.mine(entries)) {
      for (const [index, face, answer, , note] of entry.votes ?? []) {
        this.votes.say(keyOf(index, face), answer, note, entry.stuck ? STUCK : entry.act);
      }
    }
    await this.outbox.count();
  }

  async rename(name) {
    if (name === this.reviewer) return;
    this.reviewer = name;
    try { localStorage.setItem(NAME, name); } catch { /* It is for this visit then. */ }
    this.votes.clear();
    this.acts = [];
    await this.recall();
    this.forget();
  }

  // A person's name goes with what they say.
  ready() {
    if (!this.may || !this.outbox) return false;
    if (this.reviewer) return true;
    this.notices.say("Who are you? Your name goes with each answer.");
    this.name.focus();
    return false;
  }

  // Photos arrive with the votes on them.
  async own(numbers) {
    if (!this.on || !this.reviewer) return;
    const reviewer = this.reviewer;
    const votes = await votesOf(this.job, reviewer, numbers);
    if (reviewer === this.reviewer) this.votes.arrived(numbers, votes);
  }

  // What a tile shows: undefined where nobody reviews, null without a vote.
  said(position) {
    if (!this.on) return undefined;
    const { order } = this.grid;
    const vote = this.votes.get(order.key(position));
    if (!vote) return null;
    const model = EXPRESSIONS[order.expression?.[position]];
    const state = vote.act === null ? "saved" : vote.act === STUCK ? "stuck" : this.offline ? "waiting" : "saving";
    return { answer: vote.answer, words: wordsOf(vote.answer), state, differs: model !== undefined && model !== vote.answer };
  }

  key(event) {
    const wanted = this.on ? reviewOf(event) : null;
    if (wanted === null) return false;
    if (event.repeat) return true;
    if (wanted.say) this.answer(wanted.say);
    else this.acting[wanted.act]();
    return true;
  }

  onClick(event) {
    const button = event.target.closest("button");
    if (button?.dataset.say) this.answer(button.dataset.say);
    else if (button?.dataset.act) this.acting[button.dataset.act]();
    else if (button?.dataset.decide) this.decide(button.dataset.decide === "again");
  }

  // The selection, else the focused face.
  async answer(answer) {
    const { selection, order, focused } = this.grid;
    if (!this.ready() || order.count === 0) return;
    const positions = selection.size ? [...selection.positions()] : [focused];
    const single = positions.length === 1;
    const note = single && positions[0] === focused ? this.panel.note.value.trim() || null : null;
    const given = this.give(positions.map((position) => [position, answer]), note);
    const words = answer === WITHDRAWN ? `${many(given)} taken back` : `${wordsOf(answer)}: ${many(given, "face")}`;
    this.notices.say(words);
    if (selection.size) this.grid.change(() => selection.clear());
    if (answer !== WITHDRAWN) await this.goOn({ quietly: true });
    else this.show();
  }

  // The model's answer for faces without one on this screen; a face that is cut off is not seen.
  async confirm() {
    if (this.blind) this.notices.say("There is no answer to confirm while you review blind.");
    if (this.blind || !this.ready()) return;
    const { order, view } = this.grid;
    const seen = [...view.whole()].filter((position) => !this.votes.get(order.key(position)));
    const known = seen.filter((position) => this.votes.knows(order.key(position)));
    const given = this.give(known.map((position) => [position, EXPRESSIONS[order.expression[position]]]));
    const rest = seen.length - known.length;
    this.notices.say(`Confirmed: ${many(given, "face")}${rest ? `; ${rest} are still loading` : ""}`);
    await this.goOn({ quietly: true });
  }

  // Say something of faces; how many it changes. It is on its way then: the next key comes sooner.
  give(pairs, note = null) {
    const { order } = this.grid;
    const act = `${Date.now()}-${Math.random()}`;
    const [votes, before] = [[], []];
    for (const [position, answer] of pairs) {
      const key = order.key(position);
      const now = this.votes.get(key);
      const noted = answer === WITHDRAWN ? null : note ?? now?.note ?? null;
      const same = now ? now.answer === answer && noted === (now.note ?? null) : answer === WITHDRAWN && this.votes.knows(key);
      if (same && now?.act !== STUCK) continue;
      votes.push([order.index[position], order.faceIndex[position], answer, this.votes.version(key), noted]);
      before.push([key, this.votes.say(key, answer, noted, act)]);
    }
    if (votes.length === 0) return 0;
    this.acts.push({ act, before });
    this.refresh();
    const about = { act, job: this.job, reviewer: this.reviewer, blind: this.blind };
    this.outbox.say(about, votes).catch((error) => this.notices.told(`This browser cannot keep answers: ${error.message}`, { decide: false }));
    return votes.length;
  }

  noted(text) {
    const { order, focused } = this.grid;
    const vote = this.votes.get(this.panel.shown?.key);
    if (!vote || !this.ready()) return;
    const position = order.key(focused) === this.panel.shown.key ? focused : order.findKey(this.panel.shown.key);
    if (position !== -1 && this.give([[position, vote.answer]], text)) this.notices.say("Note kept");
  }

  async undo() {
    if (!this.ready()) return;
    const act = `${Date.now()}-${Math.random()}`;
    const last = this.acts.pop();
    for (const [key, before] of last?.before ?? []) this.votes.back(key, before, act);
    this.refresh();
    this.notices.say(this.offline ? "Undone; it is sent later." : "Undoing …");
    await this.outbox.takeBack({ act, job: this.job, reviewer: this.reviewer });
  }

  answered(entry, votes) {
    if (this.mine([entry]).length === 0) return;
    this.votes.answered(entry.act, votes);
    if (entry.undo) {
      this.notices.say(votes.length ? `Undone: ${many(votes.length)}` : "There is nothing left to undo.");
      const first = votes.length ? this.grid.order.findKey(keyOf(votes[0][0], votes[0][1])) : -1;
      if (first !== -1) this.go(first);
    }
    this.refresh();
    this.show();
  }

  stuck(entry) {
    if (this.mine([entry]).length === 0) return;
    this.votes.refused(entry.votes);
    this.refresh();
  }

  async decide(again) {
    for (const { votes, act, stuck } of this.mine(await this.outbox.decide({ again }))) {
      if (again) this.votes.again(votes, act);
      else this.votes.letGo(votes, stuck.current);
    }
    if (!again) this.forget();
    this.refresh();
  }

  async waits(error) {
    if (this.offline === (error !== null)) return;
    this.offline = error !== null;
    this.notices.reason = error instanceof Refusal ? error.message : "No connection";
    await this.outbox.count();
    this.refresh();
  }

  // The next face without an answer, behind the focused one and round to it.
  async goOn({ quietly = false } = {}) {
    const position = await this.next();
    if (position !== null) this.go(position);
    else if (!quietly || this.done) this.notices.say("Every face of this list has an answer of yours.");
  }

  async next() {
    const { order, focused } = this.grid;
    this.turn += 1;
    const turn = this.turn;
    for (let step = 1; step <= order.count; step += 1) {
      const position = (focused + step) % order.count;
      const key = order.key(position);
      // Nobody has a vote on it, as of the order: so the reviewer has none either.
      const unknown = Boolean(order.reviewed?.[position]) && !this.votes.knows(key);
      if (unknown) {
        try { await this.own(this.following(position)); } catch { return position; }
        if (turn !== this.turn || order !== this.grid.order) return null;
      }
      if (!this.votes.get(key)) { this.done = false; return position; }
    }
    this.done = true;
    return null;
  }

  // Photos from a position on, each once.
  following(position) {
    const { order } = this.grid;
    const numbers = new Set();
    for (let at = position; at < order.count && numbers.size < SOME; at += 1) numbers.add(order.index[at]);
    return [...numbers];
  }

  // The focus is the keyboard's only where it was in the grid.
  go(position) {
    this.grid.view.go(position, { focus: this.grid.box.contains(document.activeElement) });
    this.show();
  }

  show() {
    if (this.on && this.grid.order.count) this.panel.show(this.face(this.grid.focused));
  }

  // Positions whose crops are wanted before they are in sight.
  ahead() {
    if (!this.on) return [];
    const { order, focused } = this.grid;
    return Array.from({ length: Math.min(AHEAD, order.count - focused - 1) }, (_, step) => focused + 1 + step);
  }
}
