/** A Markdown table; the columns that are named as texts are aligned to the left, numbers to the right. */
export function markdownTable(
  header: readonly string[],
  lines: readonly (readonly string[])[],
  texts: readonly string[],
): string {
  const rule = header.map((name) => (texts.includes(name) ? '---' : '---:'));
  return [header, rule, ...lines].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

export const fixed = (value: number | undefined): string => value?.toFixed(2) ?? 'n/a';
