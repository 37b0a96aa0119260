import { useCallback, useEffect, useRef, useState } from 'react';

export interface Loaded<T> {
  readonly data: T | undefined;
  readonly error: unknown;
  readonly loading: boolean;
  /** Asks again; what is known stays until the answer is there. */
  readonly reload: () => void;
}

/**
 * Asks when a page opens, and again as long as it says so.
 * @param key another key is another question
 * @param again milliseconds until the next asking, from the answer; undefined for none
 */
export function useLoad<T>(
  ask: () => Promise<T>,
  key: string,
  again: (data: T) => number | undefined = () => undefined,
): Loaded<T> {
  const [state, setState] = useState<{ key: string; data?: T; error?: unknown; loading: boolean }>({
    key,
    loading: true,
  });
  const [round, setRound] = useState(0);
  const latest = useRef({ ask, again });
  latest.current = { ask, again };
  useEffect(() => {
    let ended = false;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const next = (wait: number | undefined): void => {
      if (wait !== undefined && !ended) timer = setTimeout(() => void run(), wait);
    };
    const run = async (): Promise<void> => {
      setState((before) => (before.key === key ? { ...before, loading: true } : { key, loading: true }));
      try {
        const data = await latest.current.ask();
        if (ended) return;
        setState({ key, data, loading: false });
        next(latest.current.again(data));
      } catch (error) {
        if (ended) return;
        setState((before) => ({
          key,
          ...(before.key === key && { data: before.data }),
          error,
          loading: false,
        }));
        if ((error as { status?: number }).status === 0) next(3000); // the host may come back
      }
    };
    void run();
    return () => {
      ended = true;
      clearTimeout(timer);
    };
  }, [key, round]);
  const reload = useCallback(() => setRound((before) => before + 1), []);
  const current = state.key === key ? state : { loading: true };
  return { data: undefined, error: undefined, ...current, reload };
}

/** Something that a person asks for, once at a time. */
export function useAction<A extends readonly unknown[]>(
  act: (...args: A) => Promise<void>,
): {
  readonly run: (...args: A) => void;
  readonly busy: boolean;
  readonly error: unknown;
  readonly clear: () => void;
} {
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  const running = useRef(false);
  return {
    busy,
    error,
    clear: () => setError(undefined),
    run: (...args) => {
      if (running.current) return;
      running.current = true;
      setBusy(true);
      setError(undefined);
      act(...args)
        .catch((reason: unknown) => setError(reason))
        .finally(() => {
          running.current = false;
          setBusy(false);
        });
    },
  };
}
