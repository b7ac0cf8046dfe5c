// What the mode says: what was done, what is saved, what was refused and what can be done about it.

const number = (value) => value.toLocaleString("en");

export class Notices {
  constructor(box) {
    this.said = box.querySelector("#review-said");
    this.saved = box.querySelector("#review-saved");
    this.trouble = box.querySelector("#review-trouble");
    this.box = box;
    this.reason = "No connection";
  }

  say(text) { this.said.textContent = text; }

  // The page's key may not review: a sentence says what to do, and nothing can be pressed.
  forbid(advice) {
    this.told(advice, { decide: false });
    for (const button of this.box.querySelectorAll("[data-say], [data-act]")) button.disabled = true;
  }

  counted(entries, offline) {
    const count = (some) => some.reduce((sum, { votes, undo }) => sum + (undo ? 1 : votes.length), 0);
    const waiting = count(entries.filter(({ stuck }) => !stuck));
    this.saved.dataset.state = waiting === 0 ? "saved" : offline ? "waiting" : "saving";
    this.saved.textContent = waiting === 0 ? "All saved"
      : offline ? `${this.reason}: ${number(waiting)} kept in this browser, sent later`
        : `Saving, ${number(waiting)} to go`;
    const stuck = entries.filter((entry) => entry.stuck);
    if (stuck.length === 0) {
      if (!this.trouble.dataset.stays) this.trouble.hidden = true;
      return;
    }
    const answers = count(stuck);
    const there = stuck.flatMap((entry) => entry.stuck.current).slice(0, 3).map(([, face, answer]) => `${answer.replaceAll("_", " ")} (face ${face})`);
    const now = there.length ? ` There is now: ${there.join(", ")}.` : "";
    this.told(`Not taken: ${number(answers)} of your answers. ${stuck[0].stuck.detail}${now}`, { decide: true });
  }

  told(text, { decide }) {
    this.trouble.hidden = false;
    if (!decide) this.trouble.dataset.stays = "yes";
    this.trouble.querySelector("span").textContent = text;
    for (const button of this.trouble.querySelectorAll("button")) button.hidden = !decide;
  }
}
