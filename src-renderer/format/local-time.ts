type LocalReading = { ok: true; instant: Date } | { ok: false; why: string };

/**
 * Reads a day and time of day typed as YYYY-MM-DDTHH:MM in a time zone as an instant. Of an hour that a change of clocks
 * repeats, either is meant; a time that the clocks skip is refused.
 */
export function readLocalTime(text: string, timeZone: string): LocalReading {
  if (text === '') return { ok: false, why: 'Choose a day and a time.' };
  const wall = /^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}$/.test(text)
    ? Date.parse(`${text}Z`)
    : Number.NaN;
  if (Number.isNaN(wall)) return { ok: false, why: 'That is not a day and a time.' };
  // The offset is that of the instant sought, which is not known yet: the one found first may be that of the hour before or
  // after a change of clocks.
  const first = wall - offsetAt(wall, timeZone);
  const instant = [wall - offsetAt(first, timeZone), first].find(
    (candidate) => candidate + offsetAt(candidate, timeZone) === wall,
  );
  if (instant === undefined) {
    return { ok: false, why: 'The clocks skip this time. Choose another one.' };
  }
  return { ok: true, instant: new Date(instant) };
}

/** An instant as an input of type datetime-local writes it in a time zone: YYYY-MM-DDTHH:MM. */
export function localTimeOf(instant: Date, timeZone: string): string {
  const shifted = instant.getTime() + offsetAt(instant.getTime(), timeZone);
  return new Date(shifted).toISOString().slice(0, 'YYYY-MM-DDTHH:MM'.length);
}

/** How far the clocks of a time zone are ahead of UTC at an instant, in milliseconds. */
function offsetAt(instantMs: number, timeZone: string): number {
  const parts = new Intl.DateTimeFormat('en-CA', {
    timeZone,
    hourCycle: 'h23',
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
  }).formatToParts(instantMs);
  const part = (type: string) => parts.find((each) => each.type === type)?.value ?? '';
  const wall = Date.parse(
    `${part('year')}-${part('month')}-${part('day')}T${part('hour')}:${part('minute')}:${part('second')}Z`,
  );
  // Zones are shifted by whole seconds: what the parts leave out is no part of the shift.
  return wall - Math.floor(instantMs / 1000) * 1000;
}
