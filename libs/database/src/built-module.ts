/**
 * The address under which a thread can load a module. A thread runs no TypeScript whose imports end in `.js`, and the
 * tests run the sources: there it is given what was built of them, which the tests see to before they begin.
 * @param module `new URL('./module.js', import.meta.url)` of whoever starts the thread
 */
export function builtModule(module: URL): URL {
  const isSource = import.meta.url.endsWith('.ts') && module.href.endsWith('.js');
  if (!isSource) return module;
  const root = new URL('../../../', import.meta.url);
  return new URL(`dist/${module.href.slice(root.href.length)}`, root);
}
