// Light, dark, or as the system has it; kept for this tab.

import { useEffect, useState } from 'preact/hooks';

export const kThemes = ['auto', 'light', 'dark'] as const;
export type Theme = (typeof kThemes)[number];
const kThemeKey = 'larder_theme';

export function readTheme(): Theme {
  const kept = sessionStorage.getItem(kThemeKey);
  return kThemes.find((theme) => theme === kept) ?? 'auto';
}

export function setTheme(theme: Theme): void {
  sessionStorage.setItem(kThemeKey, theme);
  document.documentElement.dataset['theme'] = theme;
}

// A number that changes whenever colours may have.
export function useColourChange(): number {
  const [tick, setTick] = useState(0);
  useEffect(() => {
    const change = (): void => setTick((n) => n + 1);
    const media = matchMedia('(prefers-color-scheme: dark)');
    const observer = new MutationObserver(change);
    observer.observe(document.documentElement, { attributes: true, attributeFilter: ['data-theme'] });
    media.addEventListener('change', change);
    return () => {
      observer.disconnect();
      media.removeEventListener('change', change);
    };
  }, []);
  return tick;
}

// A colour of style.css as a canvas understands it.
export function colourOf(name: string): string {
  const probe = document.createElement('span');
  probe.hidden = true;
  probe.style.color = `var(--${name})`;
  document.body.append(probe);
  const colour = getComputedStyle(probe).color;
  probe.remove();
  return colour;
}
