import { describe } from '@jest/globals';
import { concertsContract } from './concerts.contract.js';
import { feedContract } from './feed.contract.js';
import { lifeContract } from './life.contract.js';
import { participantsContract } from './participants.contract.js';
import type { StoreUnderTest } from './place.js';
import { recordsContract } from './records.contract.js';
import { storiesContract } from './stories.contract.js';
import { venuesContract } from './venues.contract.js';

/** What every store does, whatever it is made of: the very same cases for all. */
export function storeContract(store: StoreUnderTest): void {
  describe('records', () => recordsContract(store));
  describe('venues in an area', () => venuesContract(store));
  describe('concerts', () => concertsContract(store));
  describe('what sagas ask for', () => participantsContract(store));
  describe('sagas told at random', () => storiesContract(store));
  describe('the feed', () => feedContract(store));
  describe('the life of a store', () => lifeContract(store));
}
