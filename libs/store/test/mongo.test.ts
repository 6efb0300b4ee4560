import { MongoClient } from 'mongodb';
import { databaseName } from '#database';
import { describeOnMongo } from '../../../test/support/mongo.js';
import { storeContract } from './contract.js';

describeOnMongo('the MongoDB stores', (mongo) => {
  let places = 0;
  storeContract({
    store: 'mongodb',
    async newPlace() {
      places += 1;
      return { dataDir: '', mongoUrl: mongo().urlOf(`place${places}`) };
    },
    async makeNewer({ mongoUrl = '', name }) {
      const client = await MongoClient.connect(mongoUrl);
      await client
        .db(databaseName(mongoUrl, name))
        .collection('store')
        .updateOne({}, { $set: { schemaVersion: 99 } });
      await client.close();
    },
    async removeField({ mongoUrl = '', name }, field) {
      const client = await MongoClient.connect(mongoUrl);
      await client
        .db(databaseName(mongoUrl, name))
        .collection(name)
        .updateMany({}, { $unset: { [field]: 1 } });
      await client.close();
    },
  });
});
