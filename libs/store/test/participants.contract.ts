import { describe } from '@jest/globals';
import { openBandStore } from '../src/index.js';
import { concurrencyContract, createContract, generationContract, holdContract } from './participant-holds.contract.js';
import { importContract, twinsContract } from './participant-imports.contract.js';
import { kindsContract } from './participant-kinds.contract.js';
import { changeContract, deleteContract, renameContract } from './participant-writes.contract.js';
import { type StoreUnderTest, storeForTests } from './place.js';

/** What a service owes the sagas that it takes part in. */
export function participantsContract(store: StoreUnderTest): void {
  const opened = storeForTests(store, 'bands', openBandStore);
  describe('a create', () => createContract(opened));
  describe('a hold', () => holdContract(opened));
  describe('a generation', () => generationContract(opened));
  describe('a replace or patch', () => changeContract(opened));
  describe('another name', () => renameContract(opened));
  describe('a delete', () => deleteContract(opened));
  describe('twins', () => twinsContract(opened));
  describe('an import', () => importContract(opened));
  describe('many at once', () => concurrencyContract(opened));
  describe('every kind of record', () => kindsContract(store));
}
