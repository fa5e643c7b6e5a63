import { useState } from 'react';

/** The value of the first render, whatever comes later. */
export function useFirstValue<Value>(value: Value): Value {
  const [first] = useState(value);
  return first;
}
