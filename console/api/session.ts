/** What the host says of itself to whoever opens the console. */
export interface ConsoleSettings {
  readonly region: string;
  /** Whether callers must sign with an access key. */
  readonly keys: boolean;
  readonly extensions: boolean;
  /** Where pictures go that are dragged in, unless the person says otherwise. */
  readonly bucket: string;
  readonly samples: string;
  readonly version: string;
}

export interface SessionKey {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

/** Until the tab is closed: neither a cookie nor the disk. */
const storage = sessionStorage;
const place = 'crowsnest-key';

let loaded: ConsoleSettings | undefined;
const listeners = new Set<() => void>();
const tell = (): void => listeners.forEach((listener) => listener());

export async function loadSettings(): Promise<ConsoleSettings> {
  const response = await fetch('/console/config.json');
  if (!response.ok) throw new Error(`The host answered ${response.status}.`);
  loaded = (await response.json()) as ConsoleSettings;
  return loaded;
}

export function settings(): ConsoleSettings {
  if (loaded === undefined) throw new Error('The settings are not loaded yet.');
  return loaded;
}

export function currentKey(): SessionKey | undefined {
  const text = storage.getItem(place);
  return text === null ? undefined : (JSON.parse(text) as SessionKey);
}

export function signIn(key: SessionKey): void {
  storage.setItem(place, JSON.stringify(key));
  tell();
}

export function signOut(): void {
  storage.removeItem(place);
  tell();
}

/** @returns what ends it */
export function onKeyChange(listener: () => void): () => void {
  listeners.add(listener);
  return () => void listeners.delete(listener);
}
