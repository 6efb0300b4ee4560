/** The import rules: apps import libs, never apps; libs by their index; no cycles. A `#lib` is followed to its sources by tsconfig.imports.json. */
export default {
  forbidden: [
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    { name: 'resolvable', severity: 'error', from: {}, to: { couldNotResolve: true } },
    {
      name: 'no-import-of-an-app',
      comment: 'An app is started, never imported, but by the tests that run the whole system in one process.',
      severity: 'error',
      from: { pathNot: ['^apps/([^/]+)/', '^test/'] },
      to: { path: '^apps/' },
    },
    {
      name: 'apps-are-apart',
      severity: 'error',
      from: { path: '^apps/([^/]+)/' },
      to: { path: '^apps/', pathNot: '^apps/$1/' },
    },
    {
      name: 'libs-by-their-index',
      comment: 'From outside a lib, only its index is there: import from its #name. Its contract suites are there for tests.',
      severity: 'error',
      from: { pathNot: '^libs/' },
      to: { path: '^libs/', pathNot: ['^libs/[^/]+/src/index[.]ts$', '^libs/[^/]+/test/'] },
    },
    {
      name: 'libs-by-their-index-among-libs',
      severity: 'error',
      from: { path: '^libs/([^/]+)/' },
      to: { path: '^libs/', pathNot: ['^libs/$1/', '^libs/[^/]+/src/index[.]ts$'] },
    },
    {
      name: 'libs-know-no-scripts',
      severity: 'error',
      from: { path: '^(apps|libs)/', pathNot: '^libs/[^/]+/test/' },
      to: { path: '^(scripts|test|bench)/' },
    },
    {
      name: 'no-development-package-in-production',
      severity: 'error',
      // The pictures are drawn by who changes them, never by who runs the system.
      from: { path: '^(apps|libs|scripts)/', pathNot: '([.]test|/test/.*|scripts/images)[.]ts$' },
      to: { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['type-only'] },
    },
  ],
  options: {
    exclude: { path: '^(dist|coverage|data|[.]engines)/' },
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.imports.json' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'types', 'node', 'default'] },
    detectProcessBuiltinModuleCalls: true,
  },
};
