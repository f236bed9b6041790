// The client library and a configuration for it, from the environment: KUBERNETES_CLIENT (its entry file), SERVER.
// The library takes plain HTTP only from those who would verify nothing.
export const k8s = await import(process.env.KUBERNETES_CLIENT);

export const config = new k8s.KubeConfig();
config.loadFromOptions({
  clusters: [{ name: 'here', server: process.env.SERVER, skipTLSVerify: true }],
  users: [{ name: 'me' }],
  contexts: [{ name: 'here', cluster: 'here', user: 'me' }],
  currentContext: 'here',
});
