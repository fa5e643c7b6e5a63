/**
 * The ledger once more, in memory and as plainly as it can be written, for the property tests to hold against the
 * database. It knows one customer. Times are days from the start of the test; `now` is 0.
 */

export type ModelError = { code: string; message: string; detail: Record<string, unknown> };

export class Refusal extends Error {
  readonly error: ModelError;
  constructor(code: string, message: string, detail: Record<string, unknown>) {
    super(message);
    this.error = { code, message, detail };
  }
}

type Lot = {
  number: number;
  madeBy: number;
  granted: number;
  remaining: number;
  priority: number;
  isPaid: boolean;
  /** Days from now; Infinity: never. */
  expires: number;
  restores: Lot | undefined;
};
type Part = { lot: Lot; amount: number };
type Entry = {
  number: number;
  type: string;
  amount: number;
  /** Taken from grants in this order; what debt takes later is added at the end. */
  taken: Part[];
  /** Given back by reversals of this entry, by the grant it was taken from. */
  returned: Map<Lot, number>;
  /** Owed by a clawback and not yet paid by any grant. */
  owed: number;
  reversed: number;
  payment: string | undefined;
  asked: number;
};
type Hold = { number: number; amount: number; open: boolean; expires: number };

const SHORT_HOLD_DAYS = 15 / (24 * 60);

export class LedgerModel {
  balance = 0;
  lifetime = 0;
  readonly entries: Entry[] = [];
  readonly lots: Lot[] = [];
  readonly holds: Hold[] = [];
  readonly #payments = new Map<string, Entry>();

  get held(): number {
    return sum(this.holds.filter((hold) => hold.open).map((hold) => hold.amount));
  }

  get available(): number {
    const held = sum(
      this.holds.filter((hold) => hold.open && hold.expires > 0).map((hold) => hold.amount),
    );
    return this.balance - held - sum(this.#due(0).map((part) => part.amount));
  }

  add(
    type: string,
    amount: number,
    options: { expires: number; priority: number; payment?: string },
  ) {
    if (options.payment !== undefined) {
      const first = this.#payments.get(options.payment);
      if (first) {
        throw new Refusal('CR409', 'already_processed', { first: first.number });
      }
    }
    const inDebt = this.balance < 0;
    const entry = this.#enter(type, amount, options.payment);
    if (options.payment !== undefined) this.#payments.set(options.payment, entry);
    if (type === 'purchase') this.lifetime += amount;
    this.#grant(entry, amount, {
      priority: options.priority,
      isPaid: type === 'purchase' || (type === 'subscription_allocation' && !!options.payment),
      expires: options.expires,
      restores: undefined,
    });
    if (inDebt) this.#settleDebt();
    return entry;
  }

  debit(type: string, amount: number) {
    return this.#whole(() => {
      this.sweep(0);
      this.#afford(amount);
      const entry = this.#enter(type, -amount);
      this.#burn(entry, amount, false);
      return entry;
    });
  }

  hold(amount: number, expires: number | undefined) {
    return this.#whole(() => {
      this.sweep(0);
      this.#afford(amount);
      const hold = {
        number: this.holds.length,
        amount,
        open: true,
        expires: expires ?? SHORT_HOLD_DAYS,
      };
      this.holds.push(hold);
      return hold;
    });
  }

  capture(number: number, amount: number | undefined) {
    return this.#whole(() => {
      const hold = this.#openHold(number);
      const captured = amount ?? hold.amount;
      if (captured > hold.amount) throw new Refusal('CR422', 'invalid_argument', {});
      this.sweep(0);
      if (this.balance < captured) {
        throw new Refusal('CR402', 'insufficient_credits', {
          required: captured,
          balance: this.balance,
          available: this.balance - this.held,
        });
      }
      const entry = this.#enter('usage', -captured);
      this.#burn(entry, captured, true);
      hold.open = false;
      return entry;
    });
  }

  release(number: number) {
    this.#openHold(number).open = false;
  }

  reverse(number: number, amount: number | undefined) {
    return this.#whole(() => {
      const original = this.entries[number];
      if (!original) throw new Error('the test asked for an entry that is not there');
      if (original.type === 'reversal') throw new Refusal('CR422', 'invalid_argument', {});
      const left = Math.abs(original.amount) - original.reversed;
      const asked = amount ?? left;
      if (left === 0 || asked > left) {
        throw new Refusal('CR410', 'already_reversed', {
          left,
          asked: amount ?? Math.abs(original.amount),
        });
      }
      this.sweep(0);
      const inDebt = this.balance < 0;
      if (original.amount > 0) {
        const own = this.#ownLots(original);
        const unspent = sum(own.map((lot) => lot.remaining));
        if (unspent < asked) throw new Refusal('CR410', 'already_spent', { left: unspent, asked });
        this.#afford(asked);
        const entry = this.#enter('reversal', -asked);
        this.#takeFrom(entry, own, asked);
        original.reversed += asked;
        return entry;
      }
      const entry = this.#enter('reversal', asked);
      original.reversed += asked;
      const forgiven = Math.min(asked, original.owed);
      original.owed -= forgiven;
      this.#giveBack(entry, original, asked - forgiven);
      if (inDebt) this.#settleDebt();
      return entry;
    });
  }

  clawBack(payment: string, amount: number, policy: 'remaining' | 'debt') {
    return this.#whole(() => {
      const provisioned = this.#payments.get(payment);
      if (!provisioned) throw new Refusal('CR404', 'not_found', {});
      const settled = sum(
        this.entries
          .filter((entry) => entry.type === 'clawback' && entry.payment === payment)
          .map((entry) =>
            entry.amount !== 0 && entry.reversed === -entry.amount
              ? 0
              : entry.asked - entry.reversed,
          ),
      );
      const left = provisioned.amount - provisioned.reversed - settled;
      if (amount > left) throw new Refusal('CR410', 'already_reversed', { left, asked: amount });
      this.sweep(0);
      const own = this.#ownLots(provisioned);
      const taken =
        policy === 'debt' ? amount : Math.min(amount, sum(own.map((lot) => lot.remaining)));
      const entry = this.#enter('clawback', -taken, payment);
      entry.asked = amount;
      const paid = this.#takeFrom(entry, own, taken);
      const alsoPaid = this.#burn(entry, taken - paid, true);
      entry.owed = taken - paid - alsoPaid;
      return entry;
    });
  }

  extend(number: number, expires: number) {
    const lot = this.lots[number];
    if (!lot) throw new Error('the test asked for a grant that is not there');
    if (expires <= 0) throw new Refusal('CR422', 'invalid_argument', {});
    if (lot.expires === Number.POSITIVE_INFINITY)
      throw new Refusal('CR422', 'invalid_argument', {});
    if (lot.expires <= 0 || lot.remaining === 0) {
      throw new Refusal('CR410', 'already_spent', { left: 0, asked: lot.granted });
    }
    if (expires < lot.expires) throw new Refusal('CR422', 'invalid_argument', {});
    lot.expires = expires;
  }

  /** Returns how many expire transactions it wrote. */
  sweep(asOf: number): number {
    for (const hold of this.holds) if (hold.open && hold.expires <= asOf) hold.open = false;
    const due = this.#due(asOf);
    for (const part of due) {
      const entry = this.#enter('expire', -part.amount);
      entry.taken.push(part);
      part.lot.remaining -= part.amount;
    }
    return due.length;
  }

  #afford(amount: number) {
    const available = this.balance - this.held;
    if (available < amount) {
      throw new Refusal('CR402', 'insufficient_credits', {
        required: amount,
        balance: this.balance,
        available,
      });
    }
  }

  #openHold(number: number): Hold {
    const hold = this.holds[number];
    if (!hold) throw new Error('the test asked for a hold that is not there');
    if (!hold.open || hold.expires <= 0) throw new Refusal('CR409', 'hold_closed', {});
    return hold;
  }

  #due(asOf: number): Part[] {
    const lots = this.lots
      .filter((lot) => lot.remaining > 0 && lot.expires <= asOf)
      .sort((a, b) => a.expires - b.expires || a.number - b.number);
    let kept = 0;
    return lots.flatMap((lot) => {
      // Every hold is made at 0; a grant that was due by then keeps nothing for it.
      const heldBefore =
        lot.expires > 0
          ? sum(this.holds.filter((h) => h.open && h.expires > asOf).map((h) => h.amount))
          : 0;
      const keep = Math.min(lot.remaining, Math.max(heldBefore - kept, 0));
      kept += keep;
      return lot.remaining > keep ? [{ lot, amount: lot.remaining - keep }] : [];
    });
  }

  #enter(type: string, signed: number, payment?: string): Entry {
    const amount = signed === 0 ? 0 : signed; // no minus zero
    this.balance += amount;
    const entry: Entry = {
      number: this.entries.length,
      type,
      amount,
      taken: [],
      returned: new Map(),
      owed: 0,
      reversed: 0,
      payment,
      asked: 0,
    };
    this.entries.push(entry);
    return entry;
  }

  #grant(
    entry: Entry,
    amount: number,
    options: Pick<Lot, 'priority' | 'isPaid' | 'expires' | 'restores'>,
  ) {
    this.lots.push({
      number: this.lots.length,
      madeBy: entry.number,
      granted: amount,
      remaining: amount,
      ...options,
    });
  }

  #burnOrder(dueFirst: boolean): Lot[] {
    const open = this.lots.filter((lot) => lot.remaining > 0);
    const due = open
      .filter((lot) => lot.expires <= 0)
      .sort((a, b) => a.expires - b.expires || a.number - b.number);
    const live = open
      .filter((lot) => lot.expires > 0)
      .sort(
        (a, b) =>
          a.priority - b.priority ||
          (a.expires === b.expires ? 0 : a.expires - b.expires) ||
          Number(a.isPaid) - Number(b.isPaid) ||
          a.number - b.number,
      );
    return dueFirst ? [...due, ...live] : live;
  }

  #burn(entry: Entry, amount: number, dueFirst: boolean): number {
    return this.#takeFrom(entry, this.#burnOrder(dueFirst), amount);
  }

  #takeFrom(entry: Entry, lots: Lot[], amount: number): number {
    let needed = amount;
    for (const lot of lots) {
      const part = Math.min(needed, lot.remaining);
      if (part === 0) continue;
      lot.remaining -= part;
      needed -= part;
      const before = entry.taken.find((each) => each.lot === lot);
      if (before) before.amount += part;
      else entry.taken.push({ lot, amount: part });
    }
    return amount - needed;
  }

  #ownLots(entry: Entry): Lot[] {
    const isOwn = (lot: Lot): boolean =>
      lot.madeBy === entry.number || (lot.restores !== undefined && isOwn(lot.restores));
    return this.lots.filter((lot) => lot.remaining > 0 && isOwn(lot));
  }

  #giveBack(entry: Entry, original: Entry, amount: number) {
    let needed = amount;
    for (const { lot, amount: taken } of [...original.taken].reverse()) {
      const part = Math.min(needed, taken - (original.returned.get(lot) ?? 0));
      if (part === 0) continue;
      needed -= part;
      original.returned.set(lot, (original.returned.get(lot) ?? 0) + part);
      if (lot.expires <= 0) {
        this.#grant(entry, part, {
          priority: lot.priority,
          isPaid: lot.isPaid,
          // Each a moment after the one before.
          expires: 30 + this.entries.length * 1e-6,
          restores: lot,
        });
      } else {
        lot.remaining += part;
      }
    }
    if (needed !== 0) throw new Error('the model gave back more than was taken');
  }

  #settleDebt() {
    let needed = sum(this.lots.map((lot) => lot.remaining)) - Math.max(this.balance, 0);
    for (const entry of this.entries.filter((each) => each.owed > 0)) {
      const part = Math.min(needed, entry.owed);
      if (part <= 0) break;
      this.#burn(entry, part, true);
      entry.owed -= part;
      needed -= part;
    }
  }

  /** A refused call changes nothing: puts everything back as it was when the work throws. */
  #whole<Result>(work: () => Result): Result {
    const balance = this.balance;
    const counts = [this.entries.length, this.lots.length, this.holds.length] as const;
    const lots = this.lots.map((lot) => ({ lot, remaining: lot.remaining }));
    const holds = this.holds.map((hold) => ({ hold, open: hold.open }));
    try {
      return work();
    } catch (error) {
      this.balance = balance;
      this.entries.length = counts[0];
      this.lots.length = counts[1];
      this.holds.length = counts[2];
      for (const { lot, remaining } of lots) lot.remaining = remaining;
      for (const { hold, open } of holds) hold.open = open;
      throw error;
    }
  }
}

function sum(numbers: number[]): number {
  return numbers.reduce((total, each) => total + each, 0);
}
