/** Tells listeners of one kind of event; a listener that throws does not keep it from the others. */
export type Emitter<Event> = {
  readonly emit: (event: Event) => void;
  /** Returns the function that ends the subscription. */
  readonly on: (listener: (event: Event) => void) => () => void;
};

export function createEmitter<Event>(onError: (error: unknown) => void): Emitter<Event> {
  const listeners = new Set<(event: Event) => void>();
  return {
    emit(event) {
      for (const listener of [...listeners]) {
        try {
          listener(event);
        } catch (error) {
          onError(error);
        }
      }
    },
    on(listener) {
      // Each subscription is its own, also of a function that is passed twice.
      const own = (event: Event) => listener(event);
      listeners.add(own);
      return () => void listeners.delete(own);
    },
  };
}
