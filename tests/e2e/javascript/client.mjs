// What a program does with the client library: the typed core API, custom objects, server-side apply, watches. Prints
// "ok STEP" for each step that went as it should, and ends with 1 at the first that did not.
import assert from 'node:assert/strict';
import { config, k8s } from './connect.mjs';

const namespace = process.env.NAMESPACE;
const core = config.makeApiClient(k8s.CoreV1Api);
const custom = config.makeApiClient(k8s.CustomObjectsApi);
const objects = k8s.KubernetesObjectApi.makeApiClient(config);
const plugins = { group: 'patchbay.dev', version: 'v1', namespace, plural: 'plugins' };
const apply = k8s.setHeaderOptions('Content-Type', k8s.PatchStrategy.ServerSideApply);

const plugin = (image, replicas) => ({
  apiVersion: 'patchbay.dev/v1',
  kind: 'Plugin',
  metadata: { name: 'p', namespace },
  spec: { enabled: false, image, replicas },
});

const refused = async (promise, code) => {
  const fault = await promise.then(() => assert.fail('it was not refused'), (error) => error);
  assert.equal(fault.code, code);
  return typeof fault.body === 'string' ? JSON.parse(fault.body) : fault.body;
};

// The events of a watch until `enough` says so of them; the watch is ended then.
const follow = (path, query, enough) =>
  new Promise((resolve, reject) => {
    const events = [];
    const started = new k8s.Watch(config).watch(
      path,
      query,
      async (type, object) => {
        events.push({ type, object });
        if (enough(events)) {
          resolve(events);
          (await started).abort();
        }
      },
      (fault) => (enough(events) ? resolve(events) : reject(fault ?? new Error('the watch ended early'))),
    );
  });

const steps = {
  async 'namespaces, ConfigMaps and Secrets are typed'() {
    await core.createNamespace({ body: { metadata: { name: namespace } } });
    assert.equal((await core.readNamespace({ name: namespace })).status.phase, 'Active');
    await core.createNamespacedConfigMap({ namespace, body: { metadata: { name: 'c' }, data: { k: 'v' } } });
    const secret = await core.createNamespacedSecret({ namespace, body: { metadata: { name: 's' }, stringData: { k: 'v' } } });
    assert.equal(secret.type, 'Opaque');
    assert.equal(Buffer.from(secret.data.k, 'base64').toString(), 'v');
    const read = await core.readNamespacedConfigMap({ name: 'c', namespace });
    assert.ok(read.metadata.creationTimestamp instanceof Date);
    read.data.k = 'w';
    assert.equal((await core.replaceNamespacedConfigMap({ name: 'c', namespace, body: read })).data.k, 'w');
    const stale = await refused(core.replaceNamespacedConfigMap({ name: 'c', namespace, body: read }), 409);
    assert.equal(stale.reason, 'Conflict');
    assert.equal((await refused(core.readNamespacedSecret({ name: 'nosuch', namespace }), 404)).details.name, 'nosuch');
  },

  async 'a custom object is applied by the server'() {
    const fieldManager = 'one';
    const made = await custom.patchNamespacedCustomObject({ ...plugins, name: 'p', body: plugin('one:1', 1), fieldManager }, apply);
    assert.equal(made.metadata.managedFields.find((entry) => entry.operation === 'Apply').manager, 'one');
    const again = await custom.patchNamespacedCustomObject({ ...plugins, name: 'p', body: plugin('one:1', 1), fieldManager }, apply);
    assert.equal(again.metadata.generation, made.metadata.generation);
  },

  async 'a conflict names the manager and the field'() {
    const other = { ...plugins, name: 'p', body: plugin('two:1', 1), fieldManager: 'two' };
    const status = await refused(custom.patchNamespacedCustomObject(other, apply), 409);
    assert.deepEqual(status.details.causes, [
      { reason: 'FieldManagerConflict', message: 'conflict with "one"', field: '.spec.image' },
    ]);
    const taken = await custom.patchNamespacedCustomObject({ ...other, force: true }, apply);
    assert.equal(taken.spec.image, 'two:1');
  },

  async 'an object of any kind is applied by the server'() {
    const body = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'any', namespace }, data: { k: 'v' } };
    const made = await objects.patch(body, undefined, undefined, 'one', true, k8s.PatchStrategy.ServerSideApply);
    assert.equal(made.data.k, 'v');
    assert.equal((await objects.read(body)).metadata.uid, made.metadata.uid);
    assert.equal((await objects.delete(body)).status, 'Success');
  },

  async 'custom objects are listed by page and scaled'() {
    await custom.createNamespacedCustomObject({ ...plugins, body: { ...plugin('one:1', 1), metadata: { name: 'q' } } });
    const page = await custom.listNamespacedCustomObject({ ...plugins, limit: 1 });
    assert.deepEqual(page.items.map((item) => item.metadata.name), ['p']);
    const rest = await custom.listNamespacedCustomObject({ ...plugins, limit: 1, _continue: page.metadata.continue });
    assert.deepEqual(rest.items.map((item) => item.metadata.name), ['q']);
    const scale = await custom.getNamespacedCustomObjectScale({ ...plugins, name: 'q' });
    scale.spec.replicas = 3;
    delete scale.metadata.resourceVersion; // the operator may write its status meanwhile
    assert.equal((await custom.replaceNamespacedCustomObjectScale({ ...plugins, name: 'q', body: scale })).spec.replicas, 3);
  },

  async 'a watch goes on at a resourceVersion'() {
    const { metadata } = await core.listNamespacedConfigMap({ namespace });
    for (const name of ['x', 'y']) await core.createNamespacedConfigMap({ namespace, body: { metadata: { name } } });
    await core.deleteNamespacedConfigMap({ name: 'x', namespace });
    const path = `/api/v1/namespaces/${namespace}/configmaps`;
    const told = (events) => events.map(({ type, object }) => `${type} ${object.metadata.name}`);
    const events = await follow(path, { resourceVersion: metadata.resourceVersion }, (all) => all.length === 3);
    assert.deepEqual(told(events), ['ADDED x', 'ADDED y', 'DELETED x']);
    const later = await follow(path, { resourceVersion: events[1].object.metadata.resourceVersion }, (all) => all.length === 1);
    assert.deepEqual(told(later), ['DELETED x']);
  },

  async 'bookmarks tell where the initial events end'() {
    const query = { allowWatchBookmarks: true, sendInitialEvents: true, resourceVersionMatch: 'NotOlderThan' };
    const isEnd = ({ type, object }) => type === 'BOOKMARK' && object.metadata.annotations?.['k8s.io/initial-events-end'] === 'true';
    const events = await follow(`/apis/patchbay.dev/v1/namespaces/${namespace}/plugins`, query, (all) => all.some(isEnd));
    assert.deepEqual(events.map((event) => event.type), ['ADDED', 'ADDED', 'BOOKMARK']);
  },

  async 'a namespace goes with what is in it'() {
    await core.deleteNamespace({ name: namespace });
    const fieldSelector = `metadata.name=${namespace}`;
    const { items, metadata } = await core.listNamespace({ fieldSelector });
    const query = { fieldSelector, resourceVersion: metadata.resourceVersion };
    if (items.length > 0) await follow('/api/v1/namespaces', query, (all) => all.at(-1)?.type === 'DELETED');
    assert.equal((await custom.listNamespacedCustomObject(plugins)).items.length, 0);
  },
};

for (const [name, step] of Object.entries(steps)) {
  try {
    await step();
    console.log('ok', name);
  } catch (fault) {
    console.log('failed', name, fault);
    process.exit(1);
  }
}
process.exit(0);
