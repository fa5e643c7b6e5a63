import { useState } from 'react';

/**
 * The newest value there was. A form must outlive the loss of what it was opened on (a lost connection empties the
 * cache): its key lives in it.
 */
export function useLatest<Value>(value: Value | undefined): Value | undefined {
  const [latest, setLatest] = useState(value);
  if (value !== undefined && value !== latest) setLatest(value);
  return value ?? latest;
}
