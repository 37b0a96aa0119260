import { applyMode, Mode } from '@cloudscape-design/global-styles';

const place = 'crowsnest-theme';

/** What was chosen, or else what the system says. */
export const isDark = (): boolean => {
  const chosen = localStorage.getItem(place);
  return chosen === null ? matchMedia('(prefers-color-scheme: dark)').matches : chosen === 'dark';
};

export function applyTheme(): void {
  applyMode(isDark() ? Mode.Dark : Mode.Light);
}

export function toggleTheme(): void {
  localStorage.setItem(place, isDark() ? 'light' : 'dark');
  applyTheme();
}
