import { createContext, useCallback, useContext, useMemo, useState, type ReactNode } from 'react';
import Flashbar, { type FlashbarProps } from '@cloudscape-design/components/flashbar';

const Notices = createContext<(text: string) => void>(() => undefined);

/** Says that something was done. */
export const useNotice = (): ((text: string) => void) => useContext(Notices);

export function useNotices(): { readonly bar: ReactNode; readonly within: (page: ReactNode) => ReactNode } {
  const [items, setItems] = useState<readonly { readonly id: string; readonly text: string }[]>([]);
  const say = useCallback((text: string) => {
    const id = `${Date.now()}-${Math.random()}`;
    setItems((before) => [{ id, text }, ...before].slice(0, 3));
    setTimeout(() => setItems((before) => before.filter((item) => item.id !== id)), 5000);
  }, []);
  const shown = useMemo<FlashbarProps.MessageDefinition[]>(
    () =>
      items.map(({ id, text }) => ({
        id,
        type: 'success',
        content: text,
        dismissible: true,
        onDismiss: () => setItems((before) => before.filter((item) => item.id !== id)),
      })),
    [items],
  );
  return {
    bar: <Flashbar items={shown} />,
    within: (page) => <Notices.Provider value={say}>{page}</Notices.Provider>,
  };
}
