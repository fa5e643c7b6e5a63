/** A promise, and what resolves it: for tests that wait for a point in somebody else's work. */
export function makeGate(): [passed: Promise<void>, open: () => void] {
  let open: () => void = () => undefined;
  const passed = new Promise<void>((resolve) => {
    open = resolve;
  });
  return [passed, open];
}
