/** The import rules of docs/architecture.md. A `#lib` is followed to its sources by tsconfig.imports.json. */
export default {
  forbidden: [
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    { name: 'resolvable', severity: 'error', from: {}, to: { couldNotResolve: true } },
    {
      name: 'no-import-of-an-app',
      comment: 'An app is started, never imported, not even by another app.',
      severity: 'error',
      from: { pathNot: '^apps/([^/]+)/' },
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
      comment: 'From outside a lib, only its index is there: import from its #name.',
      severity: 'error',
      from: { pathNot: '^libs/' },
      to: { path: '^libs/', pathNot: '^libs/[^/]+/src/index[.]ts$' },
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
      from: { path: '^(apps|libs)/' },
      to: { path: '^(scripts|test|bench)/' },
    },
    {
      name: 'no-development-package-in-production',
      severity: 'error',
      from: { path: '^(apps|libs|scripts)/', pathNot: '([.]test|/test/.*)[.]ts$' },
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
