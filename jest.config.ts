import type { Config } from 'jest';
import packageJson from './package.json' with { type: 'json' };

/** The project's own libs; other packages have subpath imports of theirs. */
const libs = Object.keys(packageJson.imports).map((name) => name.slice('#'.length));

const config: Config = {
  testEnvironment: 'node',
  globalSetup: '<rootDir>/test/support/build.ts',
  testMatch: ['<rootDir>/{apps,libs,test,scripts,bench}/**/*.test.ts'],
  extensionsToTreatAsEsm: ['.ts'],
  moduleNameMapper: {
    [`^#(${libs.join('|')})$`]: '<rootDir>/libs/$1/src/index.ts',
    '^(\\.{1,2}/.*)\\.js$': '$1',
  },
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      {
        jsc: {
          parser: { syntax: 'typescript', decorators: true },
          transform: { legacyDecorator: true, decoratorMetadata: true },
          target: 'es2024',
          experimental: { keepImportAttributes: true },
        },
        module: { type: 'es6' },
      },
    ],
  },
  // Whole systems are started and killed; on a busy machine that takes a while, and no test is about how long.
  testTimeout: 90_000,
  maxWorkers: 2,
  // What a file has loaded stays in the memory of its worker, and collecting garbage takes longer with each.
  workerIdleMemoryLimit: '512MB',
  coverageProvider: 'v8',
  coverageDirectory: 'coverage',
  coverageReporters: ['text', 'lcov'],
  collectCoverageFrom: ['{apps,libs}/*/src/**/*.ts', '!**/*.test.ts'],
};

export default config;
