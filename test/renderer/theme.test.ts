import { DEFAULT_THEME, mergeMantineTheme } from '@mantine/core';
import { describe, expect, it } from 'vitest';
import { cssVariablesResolver, theme } from '#renderer/theme/theme.ts';

/** The relative luminance of #rrggbb, as WCAG 2 defines it. */
function luminance(colour: string): number {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) => {
    const part = Number.parseInt(colour.slice(at, at + 2), 16) / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function contrast(first: string, second: string): number {
  const [light = 0, dark = 0] = [luminance(first), luminance(second)].sort((a, b) => b - a);
  return (light + 0.05) / (dark + 0.05);
}

const variables = cssVariablesResolver(mergeMantineTheme(DEFAULT_THEME, theme));

describe.each(['light', 'dark'] as const)('in the %s scheme', (scheme) => {
  const colour = (name: string) => {
    const value = Object.entries(variables[scheme]).find(([each]) => each === name)?.[1] ?? '';
    if (!/^#[0-9a-f]{6}$/.test(value)) throw new Error(`${name} is no colour: ${value}`);
    return value;
  };

  it.each([
    ['the word LIVE in its filled tag', '--surface', '--text-negative'],
    ['the words beside it on their tint', '--text', '--tint-negative'],
    ['“Test mode” on a page', '--text-warning', '--surface'],
    ['“Test mode” in a drawer', '--text-warning', '--surface-raised'],
  ])('%s can be read at 4.5:1', (_, text, ground) => {
    expect(contrast(colour(text), colour(ground))).toBeGreaterThanOrEqual(4.5);
  });

  it.each([
    ['the filled tag LIVE from the bar', '--text-negative', '--surface'],
    ['the filled tag LIVE from its note', '--text-negative', '--tint-negative'],
    ['the frame of the note from a drawer', '--text-negative', '--surface-raised'],
    ['the frame of the simulator’s badge', '--control-border', '--surface'],
  ])('%s is told apart at 3:1', (_, mark, ground) => {
    expect(contrast(colour(mark), colour(ground))).toBeGreaterThanOrEqual(3);
  });
});
