// What a person typed, as plain values with their defaults. cli.cc fills them; app and the commands read them.
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <vector>

namespace patchbay::cli {

// Where the API is. Empty fields are searched: environment, kubeconfig, the data folder of `patchbay dev`.
struct ConnectionFlags {
  std::string server;      // http(s)://host:port or unix:/path
  std::string kubeconfig;
  std::string context;
  std::string token;
  std::string ns;          // -n
  bool all_namespaces = false;
};

struct OutputFlags {
  std::string format;      // "", wide, yaml, json, name, jsonpath=TEMPLATE
  std::string selector;    // -l
  std::string field_selector;
  bool watch = false;
  bool watch_only = false;
  bool no_headers = false;
  bool show_labels = false;
};

// patchbay operator
struct OperatorFlags {
  std::vector<std::string> listen{"127.0.0.1:6444"};
  std::string database_url;        // "" : DATABASE_URL or DB_* of the environment
  std::string docker_host;         // "" : DOCKER_HOST, else the usual sockets
  std::vector<std::string> gateways;  // "caddy=http://127.0.0.1:2019", "kong=http://127.0.0.1:8001"; "none": no gateway
  std::string gateway_token_file;  // what Kong's Admin API asks for; "" for nothing
  std::string gateway_journal;     // "127.0.0.1:0": Caddy tells there what is answered; "" for no
  std::string gateway_dns;         // "127.0.0.1:5391": Caddy asks for containers there; "" for no
  std::vector<std::string> gateway_listen{":8080"};  // what the gateway's server listens on
  std::string caddy_server;         // a server that somebody has configured in Caddy, for our routes; "": one of our own
  std::string encryption_key_file;  // "": Secrets are stored as they are
  std::string event_ttl = "1h";     // Go's duration syntax
  std::string image_gc_after = "168h";  // Go's duration syntax; 0: never
  std::string default_manifests;
  std::string token_file;
  std::string tls_certificate;
  std::string tls_key;
  std::string tls_client_ca;
  bool insecure = false;           // allow a public address without token or client certificates
  bool webhooks_public_only = false;
  int http_threads = 2;
  int workers = 16;
  int prune_budget = 10;           // containers without an owner removed at once; or a fifth of all, if that is more
  std::string log_format = "text";
  std::string log_level = "info";
};

// patchbay dev
struct DevFlags {
  std::string data;                // "" : $XDG_DATA_HOME/patchbay or ~/.local/share/patchbay
  std::string listen = "127.0.0.1:6444";
  std::string gateway_listen = "127.0.0.1:8080";
  std::vector<std::string> apply;  // files or folders for the first run
  std::string before_apply;        // shell command before they are applied, with DOCKER_HOST set
  bool purge = false;              // remove every object, container and the data folder, then end
  std::string docker_host;
  bool detach_table = false;       // no live table (not a terminal)
  std::string log_level = "info";
};

// The two commands that are not clients; app gives them.
struct Programs {
  std::function<int(const OperatorFlags&)> run_operator;
  std::function<int(const DevFlags&)> run_dev;
  std::string version;
};

}  // namespace patchbay::cli
