/** What tells one store from another: who keeps a place in a store's changes must notice when it is another store. */
export interface StoreIdentity {
  store: 'sqlite' | 'mongodb';
  /** Made with the store; a restored backup or a wiped store is another one. */
  storeId: string;
  schemaVersion: number;
}
