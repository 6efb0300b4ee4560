import { MongoClient } from 'mongodb';
import { databaseName } from '#database';
import { describeOnMongo } from '../../../test/support/mongo.js';
import { journalContract } from './journal.contract.js';

describeOnMongo('the journal in MongoDB', (mongo) => {
  let places = 0;
  journalContract({
    async newPlace() {
      places += 1;
      return { name: 'orchestrator', dataDir: '', mongoUrl: mongo().urlOf(`journal${places}`) };
    },
    async makeNewer({ mongoUrl = '', name }) {
      const client = await MongoClient.connect(mongoUrl);
      await client
        .db(databaseName(mongoUrl, name))
        .collection('store')
        .updateOne({}, { $set: { schemaVersion: 99 } });
      await client.close();
    },
  });
});
