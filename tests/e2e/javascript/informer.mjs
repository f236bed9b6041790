// Follows the ConfigMaps of a namespace as programs do, and prints a line for whatever it is told; ends when killed.
// "list" is printed each time it had to begin anew.
import { config, k8s } from './connect.mjs';

const namespace = process.env.NAMESPACE;
const core = config.makeApiClient(k8s.CoreV1Api);
const list = async () => {
  const answer = await core.listNamespacedConfigMap({ namespace });
  console.log('list');
  return answer;
};
const informer = k8s.makeInformer(config, `/api/v1/namespaces/${namespace}/configmaps`, list);
for (const event of ['add', 'update', 'delete']) {
  informer.on(event, (object) => console.log(event, object.metadata.name, object.data?.k));
}
informer.on('error', (fault) => {
  console.log('error', fault.code ?? fault.message);
  setTimeout(() => informer.start(), 100);
});
await informer.start();
